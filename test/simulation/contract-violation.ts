/** A line of the contract does not hold. The message begins with a stable name: the mutations are told apart by it. */
export class ContractViolation extends Error {
  override readonly name: string = 'ContractViolation'
}

export function violate(rule: string, detail: string): never {
  throw new ContractViolation(`${rule}: ${detail}`)
}
