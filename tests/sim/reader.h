#ifndef PANNIER_TESTS_SIM_READER_H
#define PANNIER_TESTS_SIM_READER_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Whoever reads catalogs as feeds (OPTION_feeds), in both forms, packed or not, a piece at a time; and merchants who change from feed to
 * API and back. What is read is whole, and what the catalog held when it was answered; at the end it is what the shop has. When all is
 * over every account goes back to the API, and what would be in its feed is what Klaviyo holds.
 */
bool readers_are_wanted(void);
void readers_open(const char *data);
void readers_close(void);
void readers_begin(int64_t until_ms);
/* Is the catalog of the account read, or may it be, instead of being sent? */
bool readers_have(int account);
/* "feed" or "api": how an account begins. */
const char *readers_first_source(int account);

/* The process ends: its connections do. */
void readers_died(void);

/* Nobody reads, and every account is as its merchant wants it. */
bool readers_are_done(void);
/* At the end: everything is read once more; or it is written, and compared with Klaviyo. */
void readers_check(void);
/* All that are read go back to the API. False: there are none. */
bool readers_return(void);

#endif
