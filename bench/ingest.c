/*
 * Benchmark of ingest: durable acknowledgements per second, beside what the same machine can do at most.
 *
 *   bench-ingest [--build DIR] [--seconds S] [--rounds N] [--connections N,N,...] [--data DIR]
 *                [--skip SERVER] [--type TYPE] [--json]
 *
 * Three servers take the same signed 2 KB POSTs in turn, on processor 0, from a generator on processor 1:
 *   nginx    answers 204 and keeps nothing: the ceiling
 *   answer   Pannier's HTTP server answers 200 and keeps nothing: the cost of the server
 *   pannier  `pannier serve`: answers after the group commit is synced
 * One line per server and number of connections: medians over the rounds. Each message is sent once, with its
 * own id and a right signature. The store's account points at a closed port, so nothing is sent on; mapping
 * and publishing run beside the acknowledgements, as they do in a shop.
 */
#define _GNU_SOURCE
#include "bench_proc.h"
#include "load.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BODY_BYTES	   2048
#define ROUNDS_MAX	   15
#define CONFIGURATIONS_MAX 8
#define SERVER_CPU	   0
#define CLIENT_CPU	   1
#define SECRET		   "whsec_cGFubmllci1iZW5jaC1wYW5uaWVyLWJlbmNoLTAwMDE="

enum server { SERVER_NGINX, SERVER_ANSWER, SERVER_PANNIER, SERVER_COUNT };

static const char *const server_name[SERVER_COUNT] = { "nginx", "answer", "pannier" };

struct options {
	const char *build;
	const char *type; /* of the messages */
	const char *data; /* parent of the data folder; NULL = the temporary folder */
	double seconds;
	int rounds;
	int connections[CONFIGURATIONS_MAX];
	int n_connections;
	bool skip[SERVER_COUNT];
	bool json;
};

struct sample {
	double per_s[ROUNDS_MAX];
	double p50_ms[ROUNDS_MAX];
	double p99_ms[ROUNDS_MAX];
	double cpu_us[ROUNDS_MAX];
	double ratio[ROUNDS_MAX];
	double client_share[ROUNDS_MAX];
	double peak_mb;
	size_t n_refused;
	int first_refused;
};

struct bench {
	struct options options;
	struct load_pool *pool;
	struct sample sample[CONFIGURATIONS_MAX][SERVER_COUNT];
	char data[512];
};

/* ---- servers ------------------------------------------------------------------------------------ */

static struct bench_child start_nginx(void)
{
	char conf[512];
	char text[2048];
	int port = bench_free_port();
	const char *argv[] = { "nginx", "-p", bench_folder(), "-c", conf, "-e", "stderr", NULL };
	struct bench_child child;

	snprintf(conf, sizeof(conf), "%s/nginx.conf", bench_folder());
	snprintf(text, sizeof(text),
		 "daemon off;\nworker_processes 1;\npid %s/nginx.pid;\nerror_log stderr;\n"
		 "events { worker_connections 2048; }\n"
		 "http {\n access_log off;\n keepalive_requests 1000000000;\n client_body_temp_path "
		 "%s/nginx-body;\n"
		 " proxy_temp_path %s/nginx-proxy;\n fastcgi_temp_path %s/nginx-fastcgi;\n"
		 " uwsgi_temp_path %s/nginx-uwsgi;\n scgi_temp_path %s/nginx-scgi;\n"
		 " server {\n  listen 127.0.0.1:%d backlog=1024;\n  location / { return 204; }\n }\n}\n",
		 bench_folder(), bench_folder(), bench_folder(), bench_folder(), bench_folder(),
		 bench_folder(), port);
	bench_write_file(conf, text);
	child = bench_spawn("nginx", SERVER_CPU, argv);
	child.port = port;
	bench_wait_port(&child, 5000);
	bench_find_worker(&child);
	return child;
}

static struct bench_child start_answer(const struct options *options)
{
	char program[512];
	char listen[64];
	int port = bench_free_port();
	const char *argv[] = { program, listen, NULL };
	struct bench_child child;

	snprintf(program, sizeof(program), "%s/bench/bench-answer-only", options->build);
	snprintf(listen, sizeof(listen), "127.0.0.1:%d", port);
	child = bench_spawn("answer-only", SERVER_CPU, argv);
	child.port = port;
	bench_wait_port(&child, 5000);
	return child;
}

/* A fresh data folder with one account, whose Klaviyo is a closed port, and one store. */
static void prepare_data(struct bench *bench, const char *program)
{
	char key_file[600];
	char secret_file[600];
	char api_url[96];
	const char *account[] = { program,	"account", "add",   "bench", "--data", bench->data,
				  "--key-file", key_file,  "--set", api_url, NULL };
	const char *store[] = { program,	 "store",      "add",	  "bench",     "--data",
				bench->data,	 "--platform", "generic", "--account", "bench",
				"--secret-file", secret_file,  NULL };

	snprintf(key_file, sizeof(key_file), "%s/key", bench_folder());
	snprintf(secret_file, sizeof(secret_file), "%s/secret", bench_folder());
	snprintf(api_url, sizeof(api_url), "api_url=http://127.0.0.1:%d", bench_free_port());
	bench_write_file(key_file, "pk_0123456789abcdef0123456789abcdef01\n");
	bench_write_file(secret_file, SECRET "\n");
	if (!bench_run("account-add", account))
		bench_die("'pannier account add' failed; see account-add.log");
	if (!bench_run("store-add", store))
		bench_die("'pannier store add' failed; see store-add.log");
}

static struct bench_child start_pannier(struct bench *bench, int round, int connections)
{
	const struct options *options = &bench->options;
	char program[512];
	char listen[64];
	int port = bench_free_port();
	const char *argv[] = { program, "serve", "--data", bench->data, "--listen", listen, NULL };
	struct bench_child child;

	snprintf(program, sizeof(program), "%s/pannier", options->build);
	snprintf(bench->data, sizeof(bench->data), "%s/data-%d-%d",
		 options->data ? options->data : bench_folder(), round, connections);
	snprintf(listen, sizeof(listen), "127.0.0.1:%d", port);
	prepare_data(bench, program);
	child = bench_spawn("pannier", SERVER_CPU, argv);
	child.port = port;
	bench_wait_port(&child, 10000);
	return child;
}

static struct bench_child start_server(struct bench *bench, enum server server, int round, int connections)
{
	switch (server) {
	case SERVER_NGINX:
		return start_nginx();
	case SERVER_ANSWER:
		return start_answer(&bench->options);
	case SERVER_PANNIER:
	case SERVER_COUNT:
		break;
	}
	return start_pannier(bench, round, connections);
}

/* ---- measuring ---------------------------------------------------------------------------------- */

static void measure(struct bench *bench, int configuration, enum server server, int round)
{
	int connections = bench->options.connections[configuration];
	struct sample *sample = &bench->sample[configuration][server];
	struct load_plan plan = {
		.path = "/hooks/generic/bench",
		.connections = connections,
		.duration_us = (int64_t)(bench->options.seconds * 1e6),
		.pool = bench->pool,
	};
	struct bench_child child;
	struct load_result result;
	double cpu_ms, peak_mb, ceiling;

	load_pool_renew(bench->pool, SECRET);
	child = start_server(bench, server, round, connections);
	plan.port = child.port;
	cpu_ms = bench_cpu_ms(&child);
	result = load_run(&plan);
	cpu_ms = bench_cpu_ms(&child) - cpu_ms;
	peak_mb = bench_peak_rss_mb(&child);
	bench_stop(&child);
	sample->per_s[round] = (double)result.n_ok / result.seconds;
	sample->p50_ms[round] = result.p50_ms;
	sample->p99_ms[round] = result.p99_ms;
	sample->cpu_us[round] = cpu_ms * 1000.0 / (double)(result.n_ok + result.n_refused);
	sample->client_share[round] = result.client_cpu_share;
	ceiling = bench->sample[configuration][SERVER_NGINX].per_s[round];
	sample->ratio[round] = ceiling > 0 ? sample->per_s[round] / ceiling : 0; /* 0: nginx was left out */
	sample->peak_mb = peak_mb > sample->peak_mb ? peak_mb : sample->peak_mb;
	if (result.n_refused > 0 && sample->n_refused == 0)
		sample->first_refused = result.first_refused;
	sample->n_refused += result.n_refused;
}

static void print_sample(const struct bench *bench, int configuration, enum server server)
{
	struct sample sample = bench->sample[configuration][server];
	int n = bench->options.rounds;
	double per_s = bench_median(sample.per_s, n);
	double ratio = bench_median(sample.ratio, n);
	double p50_ms = bench_median(sample.p50_ms, n);
	double p99_ms = bench_median(sample.p99_ms, n);
	double cpu_us = bench_median(sample.cpu_us, n);

	if (bench->options.json)
		printf("{\"bench\":\"ingest\",\"server\":\"%s\",\"connections\":%d,\"per_s\":%.0f,\"of_"
		       "nginx\":%.3f,"
		       "\"p50_ms\":%.2f,\"p99_ms\":%.2f,\"cpu_us\":%.1f,\"peak_mb\":%.1f,\"refused\":%zu}\n",
		       server_name[server], bench->options.connections[configuration], per_s, ratio, p50_ms,
		       p99_ms, cpu_us, sample.peak_mb, sample.n_refused);
	else
		printf("ingest %-8s %4d connections  %8.0f/s  %5.2f of nginx  p50 %6.2f ms  p99 %6.2f ms  "
		       "%5.1f us cpu/request  peak %5.1f MB\n",
		       server_name[server], bench->options.connections[configuration], per_s, ratio, p50_ms,
		       p99_ms, cpu_us, sample.peak_mb);
	if (sample.n_refused > 0)
		printf("note: %zu requests to %s were not answered 2xx (first: %d)\n", sample.n_refused,
		       server_name[server], sample.first_refused);
	if (bench_median(sample.client_share, n) > 0.95)
		printf("note: the generator was busy all the time against %s; its figure is a lower bound\n",
		       server_name[server]);
}

/* ---- command line ------------------------------------------------------------------------------- */

static void parse_connections(struct options *options, const char *text)
{
	char *end;

	options->n_connections = 0;
	while (*text && options->n_connections < CONFIGURATIONS_MAX) {
		long n = strtol(text, &end, 10);

		if (end == text || n < 1 || n > 1024)
			bench_die("connections are numbers from 1 to 1024, with commas");
		options->connections[options->n_connections++] = (int)n;
		text = *end == ',' ? end + 1 : end;
	}
}

static void parse_skip(struct options *options, const char *name)
{
	for (int server = 0; server < SERVER_COUNT; server++)
		if (strcmp(name, server_name[server]) == 0) {
			options->skip[server] = true;
			return;
		}
	bench_die("no server is called '%s'", name);
}

static struct options parse_options(int argc, char **argv)
{
	struct options options = {
		.build = "build-bench",
		.type = "product.upserted",
		.seconds = 4,
		.rounds = 3,
		.connections = { 16, 64, 256 },
		.n_connections = 3,
	};

	for (int i = 1; i < argc; i++) {
		const char *value = i + 1 < argc ? argv[i + 1] : "";

		if (strcmp(argv[i], "--json") == 0) {
			options.json = true;
			continue;
		} else if (strcmp(argv[i], "--build") == 0) {
			options.build = value;
		} else if (strcmp(argv[i], "--data") == 0) {
			options.data = value;
		} else if (strcmp(argv[i], "--seconds") == 0) {
			options.seconds = strtod(value, NULL);
		} else if (strcmp(argv[i], "--rounds") == 0) {
			options.rounds = (int)strtol(value, NULL, 10);
		} else if (strcmp(argv[i], "--connections") == 0) {
			parse_connections(&options, value);
		} else if (strcmp(argv[i], "--type") == 0) {
			options.type = value;
		} else if (strcmp(argv[i], "--skip") == 0) {
			parse_skip(&options, value);
		} else {
			bench_die("unknown option '%s'", argv[i]);
		}
		i++;
	}
	if (options.rounds < 1 || options.rounds > ROUNDS_MAX || options.seconds <= 0 ||
	    options.n_connections < 1)
		bench_die("rounds are 1 to %d, seconds above 0", ROUNDS_MAX);
	return options;
}

int main(int argc, char **argv)
{
	static struct bench bench;

	bench.options = parse_options(argc, argv);
	signal(SIGPIPE, SIG_IGN);
	bench_pin(CLIENT_CPU);
	/* Enough for the fastest server; what is not sent is not counted. */
	bench.pool = load_pool_new((size_t)(bench.options.seconds * 160000), BODY_BYTES, bench.options.type,
				   SECRET);
	for (int round = 0; round < bench.options.rounds; round++)
		for (int i = 0; i < bench.options.n_connections; i++)
			for (int server = 0; server < SERVER_COUNT; server++)
				if (!bench.options.skip[server])
					measure(&bench, i, (enum server)server, round);
	for (int i = 0; i < bench.options.n_connections; i++)
		for (int server = 0; server < SERVER_COUNT; server++)
			if (!bench.options.skip[server])
				print_sample(&bench, i, (enum server)server);
	load_pool_free(bench.pool);
	bench_folder_remove();
	return 0;
}
