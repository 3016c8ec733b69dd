#ifndef PANNIER_TESTS_SIM_NODE_H
#define PANNIER_TESTS_SIM_NODE_H

#include "flow/flow.h"
#include "net/http_server.h"
#include "sim/disk.h"
#include "store/store.h"

/*
 * The process under test: what app/ opens and turns in threads is opened and turned here one step at a time. It can be stopped,
 * die between two operations of its disk, and be started again.
 */
/* The data folder (for the key file; the database is on the simulated disk), with accounts and stores in it. */
void node_setup(const char *folder);
void node_teardown(void);
/* Plans the first start and the deaths to come. */
void node_begin(void);

bool node_is_up(void);
/* Which life of the process this is, from 1. */
int node_life(void);
/* When it started. */
int64_t node_started_ms(void);
/* Something outside its roles has used its database: it may have died of that. */
void node_look_after(void);
/* Takes a request as routes.c would. */
void node_receive(struct http_exchange *exchange);
/* The same of a feed. */
void node_ask_feed(struct http_exchange *exchange, struct str store, struct str token, struct str file);
/* The database of the living process, without the faults; NULL while it is down. */
struct db *node_db(void);
int64_t node_down_ms(void); /* all in all */
/* What the living process works with; its settings are for reading. NULL while it is down. */
struct flow_ctx *node_ctx(void);
/* Somebody has left work in the database: its roles look. */
void node_wake(void);
/* A piece of an upload has come. */
void node_ring_upload(void);

/* Names, keys and secrets of what node_setup makes. */
#define NODE_SECRET "a-canary-secret-of-the-shop"
#define NODE_KEY_PREFIX "pk_canary_of_account_"
#define NODE_TOKEN_PREFIX "token_canary_of_account_"
#define NODE_REFRESH_PREFIX "refresh_canary_of_account_"
#define NODE_APP_SECRET "canary_of_the_app"
int node_account_of_shop(int shop);
const char *node_key_file(void);
/* The store's and account's id in the database. */
int64_t node_store_id(int shop);
int64_t node_account_id(int account);

#endif
