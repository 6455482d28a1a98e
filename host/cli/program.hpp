/// The command line of the one program. Data goes to stdout, logs and complaints to stderr.
#pragma once

#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "cli/api.hpp"
#include "operations/table.hpp"

namespace toolrack::services::recorder {
class Recording;
}

namespace toolrack::cli {

/// What every command may be told about the gateway it means.
struct Target {
  std::string config;  ///< File; empty: TOOLRACK_CONFIG or none.
  std::string url;     ///< A remote gateway; empty: TOOLRACK_API_URL, else the local one.
  std::string key;     ///< For a remote gateway; empty: TOOLRACK_API_KEY.
  std::string data;
  std::vector<std::string> plugins;
};

struct ServeOptions {
  Target target;
  std::optional<std::string> listen, metrics_listen, mode;
  std::optional<unsigned> threads;
  bool checks_only = false;  ///< Would it start? Says so, and ends.
};

/// What the client at the other end of the pipe sees; the query of an MCP endpoint says the same.
struct StdioOptions {
  Target target;
  std::string expose;              ///< "flat" or "meta"; empty: the gateway's own choice.
  std::vector<std::string> tools;  ///< Only these; empty: all.
};

/// A gateway for who writes a tool.
struct DevOptions {
  Target target;
  std::string folder = ".";        ///< Of the tool, as `toolrack new` makes it.
  std::string preset = "default";  ///< Of its CMakePresets.json.
  std::optional<std::string> listen;
};

/// What commands need and the app knows how to do.
class Backstage {
 public:
  virtual ~Backstage() = default;
  virtual int serve(const ServeOptions& options) = 0;
  /// Serves the tool of a folder, builds it whenever its sources change, and ends with the signal that ends `serve`.
  virtual int dev(const DevOptions& options) = 0;
  virtual int stdio(const StdioOptions& options) = 0;
  virtual base::Result<std::unique_ptr<Api>> connect(const Target& target) = 0;
  /// The same, but never one of the command's own: kUnavailable when none runs.
  virtual base::Result<std::unique_ptr<Api>> connect_running(const Target& target) = 0;
  /// A gateway of the command's own, all of whose calls go by `recording`, which outlives it. kConflict when somebody
  /// else has the data directory, kInvalidRequest when the target is a remote gateway.
  virtual base::Result<std::unique_ptr<Api>> connect_recorded(const Target& target,
                                                              services::recorder::Recording& recording) = 0;
  /// What is in a manifest or plugin file; an error says what is wrong with it.
  virtual base::Result<std::string> validate(const std::string& file) = 0;
  /// Makes a key to sign plugins with; the public one, and where they are.
  virtual base::Result<std::string> keygen(const std::string& file) = 0;
  /// Signs plugin files with the key of a file; a line for each.
  virtual base::Result<std::string> sign(const std::string& key_file, const std::vector<std::string>& plugins) = 0;
  /// {checks: [{name, status: ok|warning|error, detail, remedy?}]}.
  virtual std::string doctor(const Target& target) = 0;
  virtual std::string version() = 0;
};

/// Where a command writes; tests give their own.
struct Output {
  std::string* out = nullptr;  ///< Null: stdout.
  std::string* err = nullptr;  ///< Null: stderr.
  void write(std::string_view text) const;
  void complain(std::string_view text) const;
};

/// Parses and runs one command; the exit code.
int run(int argc, const char* const* argv, const operations::Table& table, Backstage& backstage, const Output& output);

}  // namespace toolrack::cli
