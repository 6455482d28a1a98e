/// Commands made from the table of operations.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "cli/api.hpp"
#include "operations/operation.hpp"

namespace CLI {
class App;
}

namespace toolrack::cli {

/// What the command line gave for the members of an operation's input.
struct VerbInput {
  std::map<std::string, std::vector<std::string>> values;
};

/// Adds an option for each input member (the positional one without a name), with help from the schema.
void add_options(CLI::App& command, const operations::Operation& operation, VerbInput& input);

/// Method, path with query, and body of the operation for this input. kInvalidRequest names an option that cannot be
/// read.
struct HttpCall {
  std::string method, path, body;
};
base::Result<HttpCall> to_http(const operations::Operation& operation, const VerbInput& input);

}  // namespace toolrack::cli
