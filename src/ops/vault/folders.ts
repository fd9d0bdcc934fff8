// Names below a folder, as Vault lists them: what lies deeper is one folder with a slash behind it.

/** The first segment of each path, once, sorted by its bytes. */
export function below(paths: readonly string[]): readonly string[] {
  const names = paths.map((path) => {
    const slash = path.indexOf('/');
    return slash < 0 ? path : path.slice(0, slash + 1);
  });
  return [...new Set(names)].sort();
}
