/** The property of a factory that holds a group, as client-go's clientset has it: `core`, `apps`, `rbac`. */
export function groupProperty(group: string): string {
  return group === '' ? 'core' : (group.split('.', 1)[0] as string)
}
