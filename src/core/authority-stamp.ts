// How whoever remembers what he found out about a caller knows that it still holds, without asking the store again.

export interface AuthorityStamp {
  /**
   * Another number after each change of what says who may do what: policies, accounts, tokens, projects, entries of
   * Vault's. Undefined while one is under way; absent where only reading tells.
   */
  authorityStamp?(): number | undefined;
}
