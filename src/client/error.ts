// What can go wrong between a program and the server, as two kinds: the server answered with an error (ApiError), or
// there was no answer to speak of (ClientError). Neither ever carries a credential or a payload.

/** No usable answer: nobody listens, the credential file cannot be trusted, the answer is not the server's. One line. */
export class ClientError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ClientError';
  }
}

/** The server's own error in Google's form, https://cloud.google.com/apis/design/errors. */
export class ApiError extends Error {
  readonly httpStatus: number;
  /** The canonical name: `NOT_FOUND`, `PERMISSION_DENIED`, … */
  readonly status: string;
  readonly details: readonly unknown[];

  constructor(httpStatus: number, status: string, message: string, details: readonly unknown[] = []) {
    super(message);
    this.name = 'ApiError';
    this.httpStatus = httpStatus;
    this.status = status;
    this.details = details;
  }
}
