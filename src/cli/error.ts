// What a command throws when it cannot do its work. `CliError` is reported with exit code 1, `UsageError` with 2, as
// gcloud does. The report itself is made in one place, main.ts.

/** The command was understood but cannot be done. The message says what is wrong and what to do. */
export class CliError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CliError';
  }
}

/** The command line itself is wrong. */
export class UsageError extends CliError {
  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}
