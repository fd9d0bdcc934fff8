// What the server calls itself where Vault's clients ask for a version: the one whose answers it gives.

export const VAULT_VERSION = '1.15.6';
export const BUILD_DATE = '2024-02-28T17:07:34Z';
