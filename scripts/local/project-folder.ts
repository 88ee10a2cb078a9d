import path from 'node:path';

/** The root of this checkout; scripts may be started from anywhere. */
export const projectFolder = path.join(__dirname, '..', '..');
