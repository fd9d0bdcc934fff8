// Names of keys as AWS KMS has them: of one region of a project, each meaning one key. A secret keeps the key that an alias
// meant when the secret was given it. Source: the KMS API reference, "Aliases in AWS KMS".

import { AWS_RING, type AwsAlias } from '../../core/aws/kms.ts';
import { Fault } from '../../core/error.ts';
import { AWS_ALIASES_MAX } from '../../core/limits.ts';
import type { ProjectRef } from '../../core/name.ts';
import type { Project } from '../../core/secret.ts';
import { customerKeyRow } from '../customer-keys.ts';
import { ringTarget } from '../keys-found.ts';
import { type Decision, type Input, type Operation, operation } from '../operation.ts';
import { type Asking, checkKeyPolicy } from './key-policy.ts';
import { foundKmsKey, type KmsKeyRef, kmsTarget } from './kms-keys.ts';

/** An alias, and the key that it is to mean. */
export interface SetKmsAlias extends KmsKeyRef {
  /** Without `alias/`. */
  readonly name: string;
}

export interface KmsAliases {
  readonly project: Project;
  /** By name. */
  readonly aliases: readonly AwsAlias[];
}

const ofRegion = ({ settings }: Project, region: string) =>
  (settings.awsAliases ?? []).filter((alias) => alias.region === region);

/** The project with an alias changed, or without it. */
function withAlias(before: Project, place: Pick<AwsAlias, 'region' | 'name'>, alias?: AwsAlias): Project {
  const others = (before.settings.awsAliases ?? []).filter(
    ({ region, name }) => region !== place.region || name !== place.name,
  );
  const awsAliases = alias === undefined ? others : [...others, alias];
  return { ...before, settings: { ...before.settings, awsAliases } };
}

/** The policy of the key that is to lose the alias has a say too; throws Wanting or PERMISSION_DENIED. */
function checkTaken(
  input: Asking & { readonly rows: object },
  project: Project,
  alias: AwsAlias,
  action: string,
): void {
  const row = customerKeyRow(input, project, { name: alias.key, version: 0 });
  if (row !== undefined) checkKeyPolicy(input, project, row.key, action);
}

function kept(project: Project, region: string, details: Decision<KmsAliases>['details'] = {}): Decision<KmsAliases> {
  return {
    result: { project, aliases: ofRegion(project, region) },
    changes: [{ change: 'project.update', project }],
    details,
  };
}

function setting(verb: 'create' | 'update', help: string): Operation<SetKmsAlias, KmsAliases> {
  return operation({
    name: `kmsAliases.${verb}`,
    help,
    kind: 'write',
    permission: 'coffer.keys.update',
    explores: true,
    target: kmsTarget,
    decide: (input: Input<SetKmsAlias, Record<never, never>>) => {
      const { region, name } = input.command;
      const { project, key } = foundKmsKey(input, verb === 'create' ? 'CreateAlias' : 'UpdateAlias');
      const before = ofRegion(project, region).find((alias) => alias.name === name);
      if (verb === 'create' && before !== undefined) throw new Fault('AWS_ALIAS_EXISTS', { alias: name });
      if (verb === 'update' && before === undefined) throw new Fault('AWS_ALIAS_NOT_FOUND', { alias: name });
      if (before !== undefined) checkTaken(input, project, before, 'UpdateAlias');
      if (key.aws?.deletionAt !== undefined) {
        throw new Fault('AWS_KEY_STATE', { key: key.name, state: 'pending deletion' });
      }
      if (before === undefined && (project.settings.awsAliases ?? []).length >= AWS_ALIASES_MAX) {
        throw new Fault('LIMIT_REACHED', { what: 'aliases of keys in one project', limit: AWS_ALIASES_MAX });
      }
      const { now } = input;
      const alias = { region, name, key: key.name, createdAt: before?.createdAt ?? now, updatedAt: now };
      return kept(withAlias(project, { region, name }, alias), region, { alias: name, key: key.name });
    },
  });
}

export const createKmsAlias: Operation<SetKmsAlias, KmsAliases> = setting('create', "give a key of AWS's API a name");

export const updateKmsAlias: Operation<SetKmsAlias, KmsAliases> = setting(
  'update',
  "let the name of a key of AWS's API mean another key; secrets keep the one that they have",
);

export interface KmsAliasRef {
  readonly project: ProjectRef;
  readonly region: string;
  readonly name: string;
}

export const deleteKmsAlias: Operation<KmsAliasRef, KmsAliases> = operation({
  name: 'kmsAliases.delete',
  help: "take away a name of a key of AWS's API",
  kind: 'write',
  permission: 'coffer.keys.update',
  explores: true,
  target: ({ project, name }: KmsAliasRef) => kmsTarget({ project, region: '', id: { alias: name } }),
  decide: (input) => {
    const { region, name } = input.command;
    const project = input.project(input.command.project);
    const before = ofRegion(project, region).find((alias) => alias.name === name);
    if (before === undefined) throw new Fault('AWS_ALIAS_NOT_FOUND', { alias: name });
    checkTaken(input, project, before, 'DeleteAlias');
    return kept(withAlias(project, { region, name }), region, { alias: name });
  },
});

export const listKmsAliases: Operation<Omit<KmsAliasRef, 'name'>, KmsAliases> = operation({
  name: 'kmsAliases.list',
  help: "list the names of keys of AWS's API in a region",
  kind: 'read',
  permission: 'coffer.keys.list',
  target: ({ project }: Omit<KmsAliasRef, 'name'>) => ringTarget({ project, ring: AWS_RING }),
  decide: (input) => {
    const project = input.project(input.command.project);
    const aliases = ofRegion(project, input.command.region);
    return { result: { project, aliases: aliases.toSorted((one, other) => (one.name < other.name ? -1 : 1)) } };
  },
});
