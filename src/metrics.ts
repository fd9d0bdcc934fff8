// What Prometheus sees: the counts of all threads added up, and what the process itself is like. A thread that was
// replaced leaves its counts behind, so that no counter ever falls.

import { collectDefaultMetrics, type MetricObject, Registry } from 'prom-client';
import { type CountsSnapshot, DURATION_BUCKETS_MS, type Durations } from './counts.ts';
import type { Exposition } from './threads/main-thread.ts';

const MILLISECONDS = 1000;

export interface Metrics {
  /** Keeps what a thread had counted that is no more. */
  keep(last: CountsSnapshot): void;
  /** The exposition text over these threads. */
  render(threads: readonly CountsSnapshot[]): Promise<Exposition>;
}

export interface MetricsOptions {
  /** What the audit sink has not taken yet; undefined where there is none. */
  sinkBacklog(): { readonly bytes: number; readonly oldestTime?: number } | undefined;
}

export function createMetrics({ sinkBacklog }: MetricsOptions): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'coffer_' });
  const gone: CountsSnapshot[] = [];
  let threads: readonly CountsSnapshot[] = [];
  const counted = () => [...gone, ...threads];
  register(registry, 'coffer_operations_total', () => ({
    type: 'counter',
    help: 'operations by name, outcome and fault code',
    values: [...sum(counted().map(({ operations }) => operations))].map(([kind, value]) => {
      const [operation = '', outcome = '', code = ''] = kind.split(' ');
      return { value, labels: { operation, outcome, code } };
    }),
  }));
  register(registry, 'coffer_request_duration_seconds', () => ({
    type: 'histogram',
    help: 'time from the end of a request to its answer, by protocol and status',
    values: durationsOf(counted()),
  }));
  register(registry, 'coffer_connections', () => ({
    type: 'gauge',
    help: 'open connections',
    values: [{ value: threads.reduce((all, { connections }) => all + connections, 0), labels: {} }],
  }));
  register(registry, 'coffer_audit_sink_backlog_bytes', () => ({
    type: 'gauge',
    help: 'audit records that the sink has not taken yet',
    values: gaugeOf(sinkBacklog()?.bytes),
  }));
  register(registry, 'coffer_audit_sink_oldest_seconds', () => ({
    type: 'gauge',
    help: 'when the oldest record was written that the sink has not taken yet, in seconds since 1970',
    values: gaugeOf(sinkBacklog()?.oldestTime, MILLISECONDS),
  }));
  return {
    keep: (last) => {
      gone.push({ ...last, connections: 0 });
      const merged = {
        operations: sum(gone.map(({ operations }) => operations)),
        requests: merge(gone),
        connections: 0,
      };
      gone.splice(0, gone.length, merged);
    },
    render: async (given) => {
      threads = given;
      return { contentType: registry.contentType, text: await registry.metrics() };
    },
  };
}

interface Sample {
  readonly value: number;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly metricName?: string;
}

interface Family {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly values: readonly Sample[];
}

function gaugeOf(value: number | undefined, divisor = 1): readonly Sample[] {
  return value === undefined ? [] : [{ value: value / divisor, labels: {} }];
}

/** The registry asks a metric for no more than this: it need not have counted by itself. */
function register(registry: Registry, name: string, family: () => Family): void {
  const get = async () => ({ name, aggregator: 'sum', ...family() }) as unknown as MetricObject;
  registry.registerMetric({ name, get } as unknown as Parameters<Registry['registerMetric']>[0]);
}

function sum(maps: readonly ReadonlyMap<string, number>[]): Map<string, number> {
  const all = new Map<string, number>();
  for (const map of maps) for (const [kind, count] of map) all.set(kind, (all.get(kind) ?? 0) + count);
  return all;
}

function merge(threads: readonly CountsSnapshot[]): Map<string, Durations> {
  const all = new Map<string, Durations>();
  for (const { requests } of threads) {
    for (const [kind, { buckets, sumMs }] of requests) {
      const before = all.get(kind);
      all.set(kind, {
        buckets: buckets.map((count, index) => count + (before?.buckets[index] ?? 0)),
        sumMs: sumMs + (before?.sumMs ?? 0),
      });
    }
  }
  return all;
}

function durationsOf(threads: readonly CountsSnapshot[]): Sample[] {
  const name = 'coffer_request_duration_seconds';
  return [...merge(threads)].flatMap(([kind, { buckets, sumMs }]) => {
    const [protocol = '', status = ''] = kind.split(' ');
    const labels = { protocol, status };
    let count = 0;
    const cumulative = buckets.map((inBucket, index): Sample => {
      count += inBucket;
      const bound = DURATION_BUCKETS_MS[index];
      const le = bound === undefined ? '+Inf' : bound / MILLISECONDS;
      return { metricName: `${name}_bucket`, value: count, labels: { le, ...labels } };
    });
    return [
      ...cumulative,
      { metricName: `${name}_sum`, value: sumMs / MILLISECONDS, labels },
      { metricName: `${name}_count`, value: count, labels },
    ];
  });
}
