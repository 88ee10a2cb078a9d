import type { Connection, Statement } from 'knex/lib/dialects/postgres';
import Query, { type Wire } from 'pg/lib/query';

/** What begins and what ends a transaction: the name under which a connection has prepared it, and its text. */
const begin = { name: 'begin', text: 'BEGIN' };
const commit = { name: 'commit', text: 'COMMIT' };

/** How Knex says it. */
const knexBegins = 'BEGIN;';
const knexCommits = 'COMMIT;';
const knexRollsBack = 'ROLLBACK';

/** Connections of which a transaction is wanted, of which the server does not know yet. */
const wanted = new WeakSet<Connection>();
/** Connections whose transaction the server has committed, of which Knex does not know yet. */
const committed = new WeakSet<Connection>();

/** Makes a new connection ready: an empty transaction prepares what begins and what ends one. */
export async function prepareEnds(connection: Connection): Promise<void> {
  await connection.query(begin);
  await connection.query(commit);
}

/**
 * Sends a statement of Knex's so that BEGIN and COMMIT make no round trip of their own: BEGIN goes with the first statement that
 * follows it, and COMMIT with one that is told `.options({ commits: true })`, the transaction's last. A short transaction is
 * mostly round trips.
 *
 * What goes together goes under one Sync: after the first error the server skips the rest, so that no statement runs outside of its
 * transaction, and nothing is committed that has failed.
 *
 * @param alone sends the statement as it is
 */
export async function sendWithEnds(
  connection: Connection,
  statement: Statement,
  alone: () => Promise<Statement>,
): Promise<Statement> {
  const { sql, bindings = [], options } = statement;
  if (sql === knexBegins) {
    wanted.add(connection);
    return answered(statement);
  }
  const begins = wanted.delete(connection);
  const isOver = committed.delete(connection);
  if (sql === knexCommits || sql === knexRollsBack) {
    return begins || (isOver && sql === knexCommits) ? answered(statement) : alone();
  }
  if (isOver) throw new Error('The transaction was committed with the statement before.');
  const commits = options?.commits === true;
  if (bindings.length === 0) {
    // It may be several commands, which only the simple protocol takes.
    if (begins) await connection.query(begin);
    return alone();
  }
  if (!begins && !commits) return alone();
  const config = { text: sql, values: bindings, queryMode: 'extended' as const };
  const response = await new Promise((resolve, reject) =>
    connection.query(
      new WithEnds({ ...config, ...(options?.name && { name: options.name }) }, { begins, commits }),
      (error, given) => (error ? reject(error) : resolve(given)),
    ),
  );
  if (commits) committed.add(connection);
  return Object.assign(statement, { response });
}

/** Knex makes nothing of what BEGIN and COMMIT give back. */
const answered = (statement: Statement): Statement => Object.assign(statement, { response: { rows: [] } });

/** A statement that begins a transaction, commits one, or both. */
class WithEnds extends Query {
  private completed = 0;

  constructor(
    config: ConstructorParameters<typeof Query>[0],
    private readonly ends: { begins: boolean; commits: boolean },
  ) {
    super(config);
  }

  override prepare(wire: Wire): void {
    if (this.ends.begins) run(wire, begin.name);
    super.prepare(wire);
  }

  /** Executes the statement, after it was bound. */
  override _getRows(wire: Wire): void {
    wire.execute({});
    if (this.ends.commits) run(wire, commit.name);
    wire.sync();
  }

  /** Only the statement's own end is an answer. */
  override handleCommandComplete(message: unknown, wire: Wire): void {
    this.completed += 1;
    if (this.completed === (this.ends.begins ? 2 : 1)) super.handleCommandComplete(message, wire);
  }
}

function run(wire: Wire, statement: string): void {
  wire.bind({ statement });
  wire.execute({});
}
