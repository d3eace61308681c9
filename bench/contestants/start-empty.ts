// A program that says a line: what a process of node takes to start.
process.stdout.write('ready\n');

export {};
