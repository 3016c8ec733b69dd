/*
 * Pannier. What there is to do is the command line's business.
 */
#include "cli/cli.h"

int main(int argc, char **argv)
{
	return cli_main(argc, argv);
}
