#ifndef PANNIER_TESTS_SIM_WIRE_H
#define PANNIER_TESTS_SIM_WIRE_H

#include "net/http_client.h"
#include "net/http_server.h"

/*
 * The network. From the node to Klaviyo and to shops: http_clients whose requests travel, arrive or not, and whose answers do too. From the
 * shops to the node: exchanges as net/http_server.h has them, with http_reply and the rest defined here instead.
 */

/* ---- to Klaviyo ---- */
/* A client for one life of the process. ring: called when an answer has come in for it, and by http_client_wakeup. */
struct http_client *wire_client_new(void (*ring)(void));
/* How long its last http_client_run would have waited for nothing to happen. */
int64_t wire_wait_ms(const struct http_client *client);
bool wire_is_waiting(const struct http_client *client); /* for an answer */
/* Of all clients. */
size_t wire_in_flight(void);

/* What Klaviyo is asked; texts live for the call. */
struct wire_request {
	const char *method;
	struct str host;
	struct str path;           /* without the query */
	struct str query;
	struct str body;
	struct str key;            /* after "Klaviyo-API-Key " or "Bearer " */
	int64_t sent_ms;           /* when it left, sim.now_ms */
	int life;                  /* of the process that sent it */
	bool answer_is_lost;       /* nobody will learn what came of it */
	struct wire_flight *flight;
	const struct http_client *client;
};
struct wire_answer {
	int status;
	struct str body;           /* in the arena */
	int64_t retry_after_s;     /* -1 = no header */
	int64_t remaining;         /* -1 = no header */
};
/* klaviyo.c */
void klaviyo_answer(const struct wire_request *request, struct arena *arena, struct wire_answer *answer);
/* A request to Klaviyo leaves, and may get lost. */
void klaviyo_was_sent(const struct wire_request *request);
/* shop_page.c: of a host "shopN.example" */
void shop_answer(const struct wire_request *request, struct arena *arena, struct wire_answer *answer);
/* The answer of Klaviyo's own has reached the process. */
void klaviyo_was_heard(const struct wire_request *request, const struct wire_answer *answer);
/* The process does not wait for it any more. */
void klaviyo_flight_ended(const struct wire_flight *flight);

/* ---- from shops ---- */
struct door_post {
	struct str path;           /* "/hooks/generic/shop0" */
	const struct http_header *header;
	size_t n_header;
	struct str body;
	/* status 0: no answer. Called once, from the queue of events. */
	void (*done)(void *arg, int status, int64_t retry_after_s);
	void *arg;
	int64_t timeout_ms;
};
/* Sends it; texts are copied. */
void door_send(const struct door_post *post);


/* ---- exchanges, whoever asks ---- */
struct door_answer {
	int status;
	const struct http_header *header;
	size_t n_header;
	struct str body;
	int fd;                    /* a file as the body, to be closed; -1 = none */
	int64_t bytes;             /* of it */
};
struct http_exchange {
	struct arena arena;
	struct http_request request;
	const struct http_header *header;
	size_t n_header;
	/* Called once, with what the process said; it may be dead by now. The exchange is gone afterwards. */
	void (*answered)(void *arg, const struct door_answer *answer);
	void *arg;
};
/* With empty texts, to be filled in and handed to the process. */
struct http_exchange *door_open(void (*answered)(void *arg, const struct door_answer *answer), void *arg);

#endif
