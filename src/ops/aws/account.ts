// Which account of AWS's a project is: its number, unless another is set, such as the one that programs and policies name
// already. No two projects are the same one.

import { awsAccountOf, parseAwsAccount } from '../../core/aws/access-key.ts';
import { Fault } from '../../core/error.ts';
import { parseProjectRef } from '../../core/name.ts';
import { type Operation, operation } from '../operation.ts';

export interface SetAwsAccount {
  readonly project: string;
  readonly awsAccountId: string;
}

export const setAwsAccount: Operation<SetAwsAccount, SetAwsAccount> = operation({
  name: 'projects.setAwsAccount',
  help: 'set which AWS account a project is',
  kind: 'write',
  permission: 'resourcemanager.projects.update',
  api: {
    method: 'POST',
    path: '/projects:setAwsAccount',
    fields: {
      project: { type: 'string', help: 'the project: its id or number', required: true },
      awsAccountId: { type: 'string', help: '12 digits', required: true },
    },
    command: ({ project, awsAccountId }) => ({
      project: String(project),
      awsAccountId: parseAwsAccount(String(awsAccountId)),
    }),
  },
  target: ({ project }: SetAwsAccount) => ({ project: parseProjectRef(project), asked: `projects/${project}` }),
  needs: ({ awsAccountId }) =>
    ({
      taken: { need: 'projectOfAwsAccount', account: awsAccountId },
      isRetired: { need: 'retired', name: awsAccountId },
    }) as const,
  decide: (input) => {
    const { awsAccountId } = input.command;
    const before = input.project(parseProjectRef(input.command.project));
    const { taken, isRetired } = input.rows;
    if (isRetired || (taken !== undefined && taken.uid !== before.uid))
      throw new Fault('AWS_ACCOUNT_EXISTS', { account: awsAccountId });
    const project = { ...before, awsAccount: awsAccountId, updatedAt: input.now };
    return {
      result: { project: project.id, awsAccountId: awsAccountOf(project) },
      changes: [{ change: 'project.update', project }],
      details: { awsAccount: awsAccountId },
    };
  },
});
