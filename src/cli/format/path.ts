// Paths into a resource, as gcloud writes them in --format, --filter and --sort-by: `labels.env`,
// `bindings[0].members`, `replicas[].location` (`gcloud topic projections`).

/** A step is a field, an index, or null for `[]`: every element. The empty path is the whole resource. */
export type Path = readonly (string | number | null)[];

const PATH_STEPS_MAX = 32;

/** Parses `text`; undefined where it is not a path. */
export function parsePath(text: string): Path | undefined {
  if (text === '.' || text === '') return [];
  const steps: (string | number | null)[] = [];
  const step = /\.?(?:([\w@$-]+)|\[(-?\d*)\]|"([^"]*)"|'([^']*)')/y;
  while (step.lastIndex < text.length) {
    const match = step.exec(text);
    if (match === null || steps.length === PATH_STEPS_MAX) return undefined;
    const name = match[1] ?? match[3] ?? match[4];
    if (name !== undefined) steps.push(name);
    else steps.push(match[2] === '' ? null : Number(match[2]));
  }
  return steps;
}

export function pathText(path: Path): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'string') text += text === '' ? step : `.${step}`;
    else text += step === null ? '[]' : `[${step}]`;
  }
  return text;
}

/**
 * The value at `path`, undefined where there is none. A field of a list is the list of that field of each element.
 * Only own properties count, so `constructor` finds nothing.
 */
export function valueAt(value: unknown, path: Path): unknown {
  let current = value;
  for (const [index, step] of path.entries()) {
    if (current === undefined || current === null) return undefined;
    if (Array.isArray(current)) {
      if (typeof step === 'number') {
        current = current.at(step);
        continue;
      }
      const rest = step === null ? path.slice(index + 1) : path.slice(index);
      const found = current.map((element) => valueAt(element, rest)).filter((each) => each !== undefined);
      return found.length === 0 ? undefined : found.flat();
    }
    if (typeof current !== 'object' || typeof step !== 'string' || !Object.hasOwn(current, step)) return undefined;
    current = (current as Record<string, unknown>)[step];
  }
  return current;
}
