// What Prometheus sees: counts and times by operation, never a name of a secret, a principal or an address.

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

const MILLISECONDS = 1000;

export interface Metrics {
  operation(name: string, outcome: string, code: string | undefined): void;
  request(protocol: string, status: string, durationMs: number): void;
  /** The exposition text and its content type. */
  render(): Promise<{ readonly contentType: string; readonly text: string }>;
}

/** `connections` is asked for whenever the metrics are. */
export function createMetrics(connections: () => number): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'coffer_' });
  const operations = new Counter({
    name: 'coffer_operations_total',
    help: 'operations by name, outcome and fault code',
    labelNames: ['operation', 'outcome', 'code'],
    registers: [registry],
  });
  const requests = new Histogram({
    name: 'coffer_request_duration_seconds',
    help: 'time from the end of a request to its answer, by protocol and status',
    labelNames: ['protocol', 'status'],
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5],
    registers: [registry],
  });
  new Gauge({
    name: 'coffer_connections',
    help: 'open connections',
    registers: [registry],
    collect() {
      this.set(connections());
    },
  });
  return {
    operation: (operation, outcome, code) => operations.inc({ operation, outcome, code: code ?? '' }),
    request: (protocol, status, durationMs) => requests.observe({ protocol, status }, durationMs / MILLISECONDS),
    render: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
  };
}
