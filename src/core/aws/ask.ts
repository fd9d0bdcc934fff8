// What a request by AWS's API asks for, in the words of AWS's policies: plain data that a dialect reads off the request.

export interface AwsAsk {
  /** Such as `secretsmanager:GetSecretValue`. */
  readonly action: string;
  readonly region: string;
  /** Of a session of a role: `arn:aws:sts::ACCOUNT:assumed-role/NAME/SESSION`. */
  readonly sessionArn?: string;
  /** Condition keys that the request itself sets, lower-cased, such as `secretsmanager:versionstage`. */
  readonly keys: Readonly<Record<string, readonly string[]>>;
}
