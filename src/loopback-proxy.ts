// The server's CONNECT proxy for the programs of `coffer env`: on loopback, on a port of its own. Nothing listens until
// somebody asked for it once; from then on it is there at every start, on the same port where that is free, so that an
// environment that was set up before goes on working.

import type { LoopbackProxy } from './core/loopback-port.ts';
import type { MetaStore } from './core/ports.ts';
import { ownedTarget, type Port, startConnectProxy, type Target } from './proxy/connect.ts';
import type { Route } from './proxy/upstream.ts';

const META_KEY = 'loopback-proxy-port';
const HOST = '127.0.0.1';

export interface LoopbackProxyOptions {
  readonly meta: MetaStore;
  /** Where the server itself listens; asked once it does. */
  target(): Target;
  readonly route: (host: string, port: number) => Route;
  allows(authorization: string): boolean | Promise<boolean>;
}

export interface RunningLoopbackProxy extends LoopbackProxy {
  /** Starts it again where an earlier server had it. */
  resume(): Promise<void>;
  stop(): Promise<void>;
}

export function createLoopbackProxy(options: LoopbackProxyOptions): RunningLoopbackProxy {
  let running: Promise<Port> | undefined;
  const start = (): Promise<Port> => {
    running ??= startRemembered(options).catch((error: unknown) => {
      running = undefined;
      throw error;
    });
    return running;
  };
  return {
    open: async () => ({ host: HOST, port: (await start()).port }),
    resume: async () => {
      if ((await rememberedPort(options.meta)) !== 0) await start();
    },
    stop: async () => {
      await (await running)?.stop();
    },
  };
}

async function startRemembered({ meta, target, route: given, allows }: LoopbackProxyOptions): Promise<Port> {
  let own = 0;
  // A server that was started within an environment of its own making must not chain to itself.
  const route = (host: string, port: number): Route => {
    const found = given(host, port);
    const isOwn = found.kind === 'proxy' && found.proxy.port === own && /^(?:127\.|localhost$)/.test(found.proxy.host);
    return isOwn ? { kind: 'direct' } : found;
  };
  const startOn = (port: number) =>
    startConnectProxy({ name: 'coffer env', target: ownedTarget(target), route, allows, port });
  const wanted = await rememberedPort(meta);
  // Somebody else may have that port by now; environments made with it must then be made again.
  const started = await startOn(wanted).catch(() => startOn(0));
  own = started.port;
  if (started.port !== wanted) await meta.setMeta(META_KEY, new TextEncoder().encode(String(started.port)));
  return started;
}

/** 0: it was never asked for. */
async function rememberedPort(meta: MetaStore): Promise<number> {
  const stored = await meta.meta(META_KEY);
  const port = Number(new TextDecoder().decode(stored));
  return Number.isInteger(port) && port > 0 && port <= 65_535 ? port : 0;
}
