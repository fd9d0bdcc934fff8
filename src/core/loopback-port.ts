// What an operation asks of the server's own proxy.

/** The CONNECT proxy that the server has on loopback for the programs of `coffer env`. */
export interface LoopbackProxy {
  /** Where it listens; the first who asks has it started. */
  open(): Promise<{ readonly host: string; readonly port: number }>;
}
