// Why a store cannot be opened: one line that says what is wrong, where, and what to do. What fails after that is a
// Fault.

export class StoreError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StoreError';
  }
}
