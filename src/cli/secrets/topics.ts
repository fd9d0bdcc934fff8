// Topics in flags: an id means one of the secret's own project, as it does in `coffer pubsub`.

/** The full names of `topics`. */
export function topicNames(project: string, topics: readonly string[]): readonly string[] {
  return topics.map((topic) => (topic.includes('/') ? topic : `projects/${project}/topics/${topic}`));
}
