#pragma once
#include "cli/arguments.hpp"

namespace ferry::cli {

// One function per subcommand; each returns the exit code and prints to stdout and stderr.
int serve(const Arguments& arguments);
int check(const Arguments& arguments);
int schema(const Arguments& arguments);
int plugins(const Arguments& arguments);

/// Runs the command line of main().
int run(int argc, char** argv);

}  // namespace ferry::cli
