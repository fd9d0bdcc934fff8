// Texts that the server hands out and takes back without keeping them: only it can have made one, and one that was made
// for one thing is good for no other.

export interface HandedOut {
  /** A page token that only this server can have made, for this list of this project. Its cursor can be read. */
  signPage(scope: string, cursor: string): string;
  /** The cursor of a page token; undefined where it was forged, or made for another list. */
  openPage(scope: string, token: string): string | undefined;
  /** A text that nobody else reads: base64url. */
  sealText(scope: string, text: string): string;
  /** Undefined where it was forged, or sealed for another scope. */
  openText(scope: string, sealed: string): string | undefined;
}
