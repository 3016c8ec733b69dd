#ifndef PANNIER_BASE_PROCESS_H
#define PANNIER_BASE_PROCESS_H

/* What this process shows of itself, and what it takes from others. */

/*
 * For a process that holds keys: no core file, and no other process of the same user may look into its memory (Linux:
 * PR_SET_DUMPABLE 0, which also keeps debuggers out that are not root's). PANNIER_DEBUGGABLE in the environment leaves all as it is.
 */
void process_keep_secrets(void);

/*
 * Puts the calling thread behind the other threads of the machine: so many steps of nice(2), each about a quarter more of the processor
 * for the others, as long as they want it. Calls add up, to 19 steps; there is no way back. steps: 0..19.
 */
void process_thread_step_back(int steps);

#endif
