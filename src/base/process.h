#ifndef PANNIER_BASE_PROCESS_H
#define PANNIER_BASE_PROCESS_H

/*
 * For a process that holds keys: no core file, and no other process of the same user may look into its memory (Linux:
 * PR_SET_DUMPABLE 0, which also keeps debuggers out that are not root's). PANNIER_DEBUGGABLE in the environment leaves all as it is.
 */
void process_keep_secrets(void);

#endif
