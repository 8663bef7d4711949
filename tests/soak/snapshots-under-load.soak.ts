// Fifty snapshots published while calls go on: the long form of tests/e2e/snapshots-under-load.test.ts.
process.env.HEADGATE_SNAPSHOT_CHANGES ??= '50';
await import('../e2e/snapshots-under-load.test.ts');
