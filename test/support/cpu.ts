// What work costs by the time of the processor, which other programs on the machine do not add to.

/** Milliseconds of this process so far, on all its threads. */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
