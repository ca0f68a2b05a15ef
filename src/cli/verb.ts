import { Command, Option } from 'commander'

/** A command whose options come in groups that it shares with others. */
export class Verb extends Command {
  override createCommand(name?: string): Verb {
    return new Verb(name)
  }

  with(...options: readonly Option[]): this {
    for (const option of options) this.addOption(option)
    return this
  }
}

/** An option that may be given again; its values are a list. */
export const many = (flags: string, about: string): Option =>
  new Option(flags, `${about}; may be given again`).argParser(
    (value: string, before: readonly string[] = []): readonly string[] => [...before, value],
  )
