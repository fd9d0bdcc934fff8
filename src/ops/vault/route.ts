// The shape of one path of Vault's API: which verbs it takes, who may, and what answers. A handler judges what it is
// shown, as every operation does, and answers plain data; secrets come and leave by `payload`, `issued` and `opens` alone.

import type { Caller } from '../../core/principal.ts';
import type { Redacted } from '../../core/redacted.ts';
import type { AuditFiles } from '../../core/vault/audit-device.ts';
import type { CeremonyStep } from '../../core/vault/ceremony.ts';
import type { Revocations, Trust, VerifiedCertificate } from '../../core/vault/client-certificate.ts';
import type { VaultEntry } from '../../core/vault/entry.ts';
import type { GithubApi, GithubMember } from '../../core/vault/github.ts';
import type { PkiCrypto, PkiKey, RevocationListSpec } from '../../core/vault/pki.ts';
import type { KnownToken } from '../../core/vault/token.ts';
import type { Data } from './fields.ts';
import type { View } from './view.ts';

export type Verb = 'read' | 'list' | 'write' | 'patch' | 'delete';

/** A request as its handler sees it. */
export interface VaultCall {
  readonly view: View;
  /** Below `/v1/`, decoded. */
  readonly path: string;
  readonly params: Readonly<Record<string, string>>;
  readonly data: Data;
  /** Hashes of the tokens that the fields `token` and `id` hold. */
  readonly hashes: Hashes;
  /** What was made for it in the thread that answers. */
  readonly made: Made;
}

export interface Hashes {
  readonly token?: string;
  readonly id?: string;
  /** What a password, or a secret id, is known by. */
  readonly password?: string;
  readonly secretId?: string;
  /** The certificate that was presented, and who trusts it. */
  readonly certificate?: VerifiedCertificate;
  /** What a list that came takes back. */
  readonly revocations?: Revocations;
  /** The fingerprints of those that the connection presented. */
  readonly presented?: string;
  /** What a role is to trust. */
  readonly trust?: Trust;
  /** The token meant is a signed one, which the store does not have. */
  readonly batch?: KnownToken;
}

export interface Made {
  /** Random, and the same however often the request is judged: what is looked for must not change. */
  readonly uid?: string;
  /** Of the new token. */
  readonly hash?: string;
  /** Of the new secret id. */
  readonly secretHash?: string;
  /** The project's keys as they were, and with a new one. */
  readonly rotated?: { readonly from: Uint8Array; readonly to: Uint8Array };
  readonly sealed?: Pick<VaultEntry, 'data' | 'sealed'>;
  readonly certified?: Certified;
  /** What GitHub said, and by which config it was asked. */
  readonly github?: {
    readonly organization: string;
    readonly organizationId: number;
    readonly baseUrl: string;
    readonly member?: GithubMember;
  };
}

/** A certificate that was made for a request. */
export interface Certified {
  /** PEM. */
  readonly certificate: string;
  readonly serial: string;
  /** Milliseconds since 1970. */
  readonly notAfter: number;
  /** What it was made by: it holds for the same alone. */
  readonly basis: string;
  readonly warnings: readonly string[];
}

/** What makes a certificate sees, in the thread that answers. */
export interface Certifying extends Pick<VaultCall, 'view' | 'params' | 'data' | 'made'> {
  readonly pki: Pick<PkiCrypto, 'makeKey' | 'privatePem' | 'selfSign'>;
  /** By the authority whose entry this is. */
  certify(
    issuer: VaultEntry,
    publicKey: string,
    spec: Parameters<PkiCrypto['certify']>[3],
  ): ReturnType<PkiCrypto['certify']>;
  /** The key of a new authority, sealed for this entry. */
  sealKey(id: string, key: PkiKey): Pick<VaultEntry, 'data' | 'sealed'>;
}

export interface CertifiedNow {
  readonly made: Pick<Made, 'certified' | 'sealed'>;
  /** PEM. */
  readonly privateKey?: Redacted<string>;
}

/** What is asked of another server before a write is judged. */
export interface Inquiry {
  /** The entry that says how; it and the project are all that the view has. */
  entry(params: Readonly<Record<string, string>>): string;
  /** Rejects where the request ends with it. `credential`: that of another's which was sent along. */
  ask(
    call: Pick<VaultCall, 'view' | 'params' | 'data'> & { readonly credential?: Redacted<string> | undefined },
    github: GithubApi,
  ): Promise<Pick<Made, 'github'>>;
}

export interface ReplyAuth {
  readonly accessor: string;
  readonly policies: readonly string[];
  readonly entityId?: string;
  readonly identityPolicies?: readonly string[];
  readonly metadata: Readonly<Record<string, string>> | null;
  readonly leaseSeconds: number;
  readonly renewable: boolean;
  readonly type: 'service' | 'batch';
  readonly orphan: boolean;
  readonly uses: number;
}

export interface WrapInfo {
  readonly accessor: string;
  readonly ttlSeconds: number;
  readonly createdAt: number;
  readonly path: string;
  readonly wrappedAccessor?: string;
}

export interface Reply {
  /** Absent: the answer has no content. */
  readonly data?: Readonly<Record<string, unknown>>;
  readonly auth?: ReplyAuth;
  readonly wrap?: WrapInfo;
  readonly warnings?: readonly string[];
  /** The data is all of the answer: without the envelope. */
  readonly bare?: true;
  /** The text that was made goes into `secret_id`. */
  readonly secretId?: true;
  /** The entry whose sealed JSON is the data of the answer, or all of it. */
  readonly opens?: VaultEntry;
  /** What an audit device makes of a value goes into `hash`. */
  readonly audits?: { readonly uid: string; readonly input: string };
  /** What a batch token says; it is sealed where it is answered. */
  readonly batch?: KnownToken;
  /** The private key that was made goes into `private_key`; in a bundle, into `certificate` too, before all of it. */
  readonly keyed?: 'alone' | 'bundle' | 'der';
  readonly lease?: { readonly id: string; readonly seconds: number };
  /** A body as it is. */
  readonly raw?: { readonly type: string; readonly body: string | Uint8Array };
  /** A list of what was revoked goes there; it is signed where it is answered. */
  readonly revocations?: {
    readonly issuer: VaultEntry;
    readonly list: RevocationListSpec;
    readonly form: 'der' | 'pem' | 'json';
  };
}

/** With the secrets that only the thread that answers has. */
export interface FinishedReply extends Reply {
  readonly issued?: Redacted<string>;
  readonly opened?: Redacted<Uint8Array>;
  /** PEM. */
  readonly privateKey?: Redacted<string>;
}

export type Handler = (call: VaultCall) => Reply;

/** All verbs, or these. */
type Of = true | readonly Verb[];

export function isOf(which: Of | undefined, verb: Verb): boolean {
  return which === true || which?.includes(verb) === true;
}

export interface VaultRoute {
  /** `:name` is one segment, `*name` the rest. */
  readonly path: string;
  readonly help: string;
  /** Nobody's token is asked for. */
  readonly open?: Of;
  /** It takes the capability `sudo` too. */
  readonly sudo?: Of;
  /** It is about the whole server: the root namespace alone has it, and a grant of IAM must be the server's. */
  readonly server?: true;
  /** What is written changes nothing: it only asks. */
  readonly asks?: true;
  /** It looks at the caller's own token in any case. */
  readonly looksAtSelf?: true;
  /** It answers with a new token. */
  readonly issues?: true;
  /** It answers with a new secret id. */
  readonly issuesSecretId?: true;
  /** It rotates the project's key. */
  readonly rotates?: true;
  /** What is written is a secret, sealed before it is judged: the entry that will hold it. */
  sealsAt?(params: Readonly<Record<string, string>>, caller: Caller, made: Made): string;
  /** What is tried in the thread that answers, before a write is judged; throws where it cannot be done. */
  tries?(call: Pick<VaultCall, 'params' | 'data'>, files: AuditFiles): void;
  /** What is certified before a write is judged, and the ids of the entries that it looks at. */
  readonly certifies?: {
    looksAt(params: Readonly<Record<string, string>>, project: string): readonly string[];
    make(call: Certifying): Promise<CertifiedNow>;
  };
  readonly inquiry?: Inquiry;
  /** Once it is judged, the step that holders of shares do by it. */
  readonly ceremony?: Readonly<Partial<Record<Verb, CeremonyStep>>>;
  readonly read?: Handler;
  readonly list?: Handler;
  readonly write?: Handler;
  readonly patch?: Handler;
  readonly delete?: Handler;
}
