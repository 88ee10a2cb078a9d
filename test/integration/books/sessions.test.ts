import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { Client } from 'pg';

import { APPLICATION_ROLE } from '../../../db/pool';

import { openBooksDatabase } from './fixture';
import { transcriptOf } from './session';

const FOLDER = path.join(__dirname, '../../../docs/ledger-sessions');
const sessions = readdirSync(FOLDER).filter((file) => file.endsWith('.sql'));

// With RECORD_SESSIONS=1 the outputs are written anew instead: read the difference before you keep it.
const isRecording = process.env.RECORD_SESSIONS === '1';

test.each(sessions)('the ledger session %s shows what its output says', async (file) => {
  const books = await openBooksDatabase();
  const client = new Client({ connectionString: books.url });
  try {
    await client.connect();
    await client.query(`set role ${APPLICATION_ROLE}`);
    const transcript = await transcriptOf(client, readFileSync(path.join(FOLDER, file), 'utf8'));
    const output = path.join(FOLDER, file.replace(/\.sql$/, '.out'));
    if (isRecording) writeFileSync(output, transcript);
    expect(transcript).toBe(readFileSync(output, 'utf8'));
  } finally {
    await client.end();
    await books.close();
  }
});
