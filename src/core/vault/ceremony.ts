// What holders of shares do together, step by step, as it passes between Vault's dialect and whoever has the seal.

/** `shares`: how many there are of the seal's key, and how many it takes. */
export type CeremonyStep =
  | 'shares'
  | `rekey.${'status' | 'start' | 'cancel' | 'update'}`
  | `verify.${'status' | 'cancel' | 'update'}`
  | `root.${'status' | 'start' | 'cancel' | 'update'}`;

/** The fields that came with it: shares are among them, so they go nowhere else. */
export type CeremonyFields = Readonly<Record<string, unknown>>;
