// A used-up quota as Service Control tells it: the names of metric and limit, ErrorInfo and a link to ask for more.
// Source: google/api/error_reason.proto RATE_LIMIT_EXCEEDED; shape as recorded from the real services.

import { create, type Message } from '@bufbuild/protobuf';
import { ErrorInfoSchema, HelpSchema } from '../../../gen/google/rpc/error_details_pb.js';
import type { Facts, Fault } from '../../core/error.ts';
import type { QuotaClass } from '../../core/quota.ts';

const SERVICE = 'secretmanager.googleapis.com';

const METRICS: Readonly<Record<QuotaClass, { readonly title: string; readonly id: string; readonly limit: string }>> = {
  access: { title: 'Access requests', id: 'access_requests', limit: 'AccessRequestsPerMinutePerProject' },
  read: { title: 'Read requests', id: 'read_requests', limit: 'ReadRequestsPerMinutePerProject' },
  write: { title: 'Write requests', id: 'write_requests', limit: 'WriteRequestsPerMinutePerProject' },
};

function metricOf({ facts }: Fault) {
  return METRICS[facts['quota'] as QuotaClass];
}

/** The facts of a QUOTA_EXCEEDED, with `metric` as Google shows it. */
export function quotaFacts(fault: Fault): Facts {
  return { ...fault.facts, metric: metricOf(fault)?.title ?? '' };
}

export function quotaDetails(fault: Fault): Message[] {
  const { projectNumber = '', limit = '' } = fault.facts;
  const metric = metricOf(fault);
  const metadata = {
    consumer: `projects/${projectNumber}`,
    quota_limit: metric?.limit ?? '',
    quota_limit_value: String(limit),
    quota_location: 'global',
    quota_metric: `${SERVICE}/${metric?.id ?? ''}`,
    quota_unit: '1/min/{project}',
    service: SERVICE,
  };
  const link = {
    description: 'Request a higher quota limit.',
    url: 'https://cloud.google.com/docs/quotas/help/request_increase',
  };
  return [
    create(ErrorInfoSchema, { reason: 'RATE_LIMIT_EXCEEDED', domain: 'googleapis.com', metadata }),
    create(HelpSchema, { links: [link] }),
  ];
}
