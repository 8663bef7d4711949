// The JSON Schemas in catalogues/schema are those of the code. UPDATE_SCHEMAS=1 writes them anew.
import assert from 'node:assert/strict';
import { readdir, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { catalogueJsonSchemas } from '@headgate/contract';
import { cataloguesFolder, readText } from './read-catalogue.ts';

const schemas = catalogueJsonSchemas();
const folder = new URL('schema/', cataloguesFolder);

if (process.env.UPDATE_SCHEMAS === '1') {
  for (const [file, text] of schemas) await writeFile(new URL(file, folder), text);
}

for (const [file, text] of schemas) {
  test(`schema/${file} is current`, async () => {
    assert.equal(await readText(`schema/${file}`), text, 'run this test with UPDATE_SCHEMAS=1');
  });
}

test('the schema folder holds no other file', async () => {
  assert.deepEqual((await readdir(folder)).toSorted(), [...schemas.keys()].toSorted());
});
