// The floors of src/, from the ground up: a room imports only from the floors below it, types too.
const FLOORS = [
  'protocol',
  'state',
  'panel/parts',
  'panel/report',
  'panel/connect',
  'panel/profiles',
  'panel/tree',
  'panel/connections',
  'panel',
  'kernels',
  'sidebar',
  'plugins',
];

// A room's files, without those of the rooms inside it.
const files = (room, more) =>
  more.some(other => other.startsWith(`${room}/`)) ? `^src/${room}/[^/]+$` : `^src/${room}/`;

export default {
  forbidden: [
    ...FLOORS.slice(0, -1).map((room, floor) => ({
      name: `${room}-imports-down`,
      comment: 'An import goes down; what both need belongs to the lower room.',
      severity: 'error',
      from: { path: files(room, FLOORS) },
      to: { path: FLOORS.slice(floor + 1).map(above => files(above, FLOORS)) },
    })),
    {
      name: 'no-circle',
      comment: 'Files that import each other are one file, or need a third.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'in-a-room',
      comment: 'A file stands in one of the rooms, and a room has its floor here.',
      severity: 'error',
      from: { path: '^src/', pathNot: FLOORS.map(room => files(room, FLOORS)) },
      to: {},
    },
    {
      name: 'is-there',
      comment: 'An import that cannot be followed is not held to its floor.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    // `import type` counts, too.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
  },
};
