/*
 * Pannier. What there is to do is the command line's business.
 */
#include "base/process.h"
#include "cli/cli.h"

int main(int argc, char **argv)
{
	process_keep_secrets();
	return cli_main(argc, argv);
}
