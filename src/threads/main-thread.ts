// What a serving thread asks of the main thread, which alone writes the store and holds what there is one of: the signing
// keys, the certificates, the loopback proxy. In one thread these are calls; from a worker they are questions on a line.

import type { Position } from '../audit/mark.ts';
import type { AccountKeyPair } from '../core/account-key-pair.ts';
import type { AuditAnchor, AuditMark } from '../core/audit-port.ts';
import type { BackupBegun, BackupPart } from '../core/backup-port.ts';
import type { Sighting } from '../core/census.ts';
import type { Claims } from '../core/jwt.ts';
import type { Maybe } from '../core/ports.ts';
import { Redacted } from '../core/redacted.ts';
import type { CeremonyFields, CeremonyStep } from '../core/vault/ceremony.ts';
import type { PublicJwk } from '../crypto/signing-keys.ts';
import type { Operation } from '../ops/operation.ts';
import type { Submission, Writer } from '../ops/writer.ts';
import type { Certificate } from '../wire/tls.ts';
import type { Answerers, Line } from './line.ts';
import type { MainCensus } from './main-census.ts';
import { receivedCensus, type SentCensus, sentCensus } from './sent-census.ts';

/** The text of the metrics of the whole server. */
export interface Exposition {
  readonly contentType: string;
  readonly text: string;
}

export interface MainThread extends Writer, MainCensus {
  settleAudit(ids: readonly string[], mark: AuditMark | undefined): Maybe<void>;
  anchorAudit(anchor: AuditAnchor): Maybe<void>;
  /** Brings what other servers have written of the audit log into the directory. */
  refreshAudit(): Promise<void>;
  /** How far each live audit stream has been written. */
  streamEnds(): Promise<readonly Position[]>;
  recordCensus(sightings: readonly Sighting[]): Maybe<void>;
  /** Brings what every thread has seen of readers into the store. */
  settleCensus(): Promise<void>;
  certificateFor(servername: string | undefined): Maybe<Certificate>;
  certificatePem(): Maybe<string>;
  sign(claims: Claims): Maybe<Redacted<string>>;
  jwks(): Maybe<readonly PublicJwk[]>;
  signerCertificates(): Maybe<Readonly<Record<string, string>>>;
  makeAccountKey(): Promise<AccountKeyPair>;
  openProxy(): Promise<{ readonly host: string; readonly port: number }>;
  /** Whether there is such a rotation function. */
  functionExists(arn: string): Promise<boolean>;
  beginBackup(): Promise<BackupBegun>;
  readBackup(id: string, atBytes: number): Promise<BackupPart>;
  endBackup(id: string): Promise<void>;
  metrics(): Promise<Exposition>;
  /** Drops every key until enough shares of the seal's come again; answers once nothing takes requests any more. */
  seal(): Promise<void>;
  /** What holders of shares of the seal's key do together; rejects where it is not shared out. */
  ceremony(step: CeremonyStep, fields: CeremonyFields): Promise<object | undefined>;
}

/** A submission as it crosses: the operation by its name. */
type SentSubmission = Omit<Submission, 'operation'> & { readonly operation: string };

type SentKeyPair = Omit<AccountKeyPair, 'privateKey'> & { readonly privateKey: string };

interface SentSettlement {
  readonly ids: readonly string[];
  readonly mark: AuditMark | undefined;
}

interface SentPlace {
  readonly id: string;
  readonly atBytes: number;
}

interface SentStep {
  readonly step: CeremonyStep;
  readonly fields: CeremonyFields;
}

/** The main thread as a worker sees it. */
export function mainThreadOver(line: Line): MainThread {
  const ask = <T>(what: keyof MainThread, value?: unknown) => line.ask(what, value) as Promise<T>;
  return {
    submit: ({ operation, ...data }) => ask('submit', { operation: operation.name, ...data } satisfies SentSubmission),
    settleAudit: (ids, mark) => ask('settleAudit', { ids, mark } satisfies SentSettlement),
    anchorAudit: (anchor) => ask('anchorAudit', anchor),
    refreshAudit: () => ask('refreshAudit'),
    streamEnds: () => ask('streamEnds'),
    recordCensus: (sightings) => ask('recordCensus', sentCensus(sightings)),
    settleCensus: () => ask('settleCensus'),
    certificateFor: (servername) => ask('certificateFor', servername),
    certificatePem: () => ask('certificatePem'),
    sign: async (claims) => new Redacted(await ask<string>('sign', claims)),
    jwks: () => ask('jwks'),
    signerCertificates: () => ask('signerCertificates'),
    makeAccountKey: async () => {
      const { privateKey, ...pair } = await ask<SentKeyPair>('makeAccountKey');
      return { ...pair, privateKey: new Redacted(privateKey) };
    },
    openProxy: () => ask('openProxy'),
    functionExists: (arn) => ask('functionExists', arn),
    beginBackup: () => ask('beginBackup'),
    readBackup: (id, atBytes) => ask('readBackup', { id, atBytes } satisfies SentPlace),
    endBackup: (id) => ask('endBackup', id),
    metrics: () => ask('metrics'),
    seal: () => ask('seal'),
    ceremony: (step, fields) => ask('ceremony', { step, fields } satisfies SentStep),
  };
}

/** How the main thread answers its workers. */
export function answersOf(
  main: MainThread,
  operationNamed: (name: string) => Operation<unknown, unknown>,
): Answerers & Record<keyof MainThread, unknown> {
  return {
    submit: ({ operation, ...data }: SentSubmission) => main.submit({ operation: operationNamed(operation), ...data }),
    settleAudit: ({ ids, mark }: SentSettlement) => main.settleAudit(ids, mark),
    anchorAudit: (anchor: AuditAnchor) => main.anchorAudit(anchor),
    refreshAudit: () => main.refreshAudit(),
    streamEnds: () => main.streamEnds(),
    recordCensus: (sent: SentCensus) => main.recordCensus(receivedCensus(sent)),
    settleCensus: () => main.settleCensus(),
    certificateFor: (servername: string | undefined) => main.certificateFor(servername),
    certificatePem: () => main.certificatePem(),
    sign: async (claims: Claims) => (await main.sign(claims)).reveal(),
    jwks: () => main.jwks(),
    signerCertificates: () => main.signerCertificates(),
    makeAccountKey: async (): Promise<SentKeyPair> => {
      const { privateKey, ...pair } = await main.makeAccountKey();
      return { ...pair, privateKey: privateKey.reveal() };
    },
    openProxy: () => main.openProxy(),
    functionExists: (arn: string) => main.functionExists(arn),
    beginBackup: () => main.beginBackup(),
    readBackup: ({ id, atBytes }: SentPlace) => main.readBackup(id, atBytes),
    endBackup: (id: string) => main.endBackup(id),
    metrics: () => main.metrics(),
    seal: () => main.seal(),
    ceremony: ({ step, fields }: SentStep) => main.ceremony(step, fields),
  };
}
