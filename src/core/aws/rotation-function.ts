// Which functions may rotate a secret: those of its own account and region. The server invokes all of them by one key of its
// own, so without this a caller could have any function of any account run. Source: AWS Lambda API reference, Invoke.

import { Fault } from '../error.ts';

const ARN =
  /^arn:aws(?:-cn|-us-gov)?:lambda:([a-z0-9-]{1,32}):(\d{12}):function:[A-Za-z0-9_-]{1,140}(?::(?:\$LATEST|[A-Za-z0-9_-]{1,128}))?$/;

/** Whether the text names a function of this account, and of this region where one is given. */
export function isOwnFunction(arn: string, account: string, region?: string): boolean {
  const [, ofRegion, ofAccount] = ARN.exec(arn) ?? [];
  return ofAccount === account && (region === undefined || ofRegion === region);
}

/** The region of a function; throws ROTATION_FUNCTION_REFUSED for what names none. */
export function regionOfFunction(arn: string): string {
  const region = ARN.exec(arn)?.[1];
  if (region === undefined) throw new Fault('ROTATION_FUNCTION_REFUSED', { function: arn.slice(0, 200) });
  return region;
}
