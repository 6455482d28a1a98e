/// Commands that ask no gateway: they look at files or make some, or print what the program knows.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli/console.hpp"
#include "cli/new_tool.hpp"
#include "cli/program.hpp"
#include "lint/lint.hpp"
#include "operations/table.hpp"

namespace CLI {
class App;
}

namespace toolrack::cli {

/// Holds what the command line gives for them. Owner: the run of the program.
class LocalCommands {
 public:
  /// All outlive it; `target` is read when a command is done.
  LocalCommands(const operations::Table& table, Backstage& backstage, Console& console, const Target& target)
      : table_(table), backstage_(backstage), console_(console), target_(target) {}

  /// The one that the command line names puts itself into `chosen`. Both outlive the parsing.
  void add_to(CLI::App& app, std::function<int()>& chosen);

 private:
  void add_signing(CLI::App& app, std::function<int()>& chosen);
  void add_lint(CLI::App& app, std::function<int()>& chosen);
  void add_new(CLI::App& app, std::function<int()>& chosen);
  void add_printing(CLI::App& app, std::function<int()>& chosen);
  int lint();
  int start_tool();
  int doctor();

  const operations::Table& table_;
  Backstage& backstage_;
  Console& console_;
  const Target& target_;
  std::string file_;
  std::vector<std::string> plugins_;
  NewTool new_tool_;
  lint::Options lint_;
  std::string settings_;
};

}  // namespace toolrack::cli
