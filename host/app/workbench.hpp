/// What `toolrack dev` does beside serving: builds a tool whenever its sources change, and gives the gateway what came
/// of it. A build that fails changes nothing: what was built before serves on.
#pragma once

#include <filesystem>
#include <thread>

#include "app/gateway.hpp"
#include "app/tool_folder.hpp"
#include "base/folder_events.hpp"
#include "transports/net/unique_fd.hpp"

namespace toolrack::app {

/// Owner: `toolrack dev`. A thread of its own, from construction on.
class Workbench {
 public:
  /// Builds at once. What is built goes to `served`, a plugin directory of `gateway`, which outlives this and keeps its
  /// data in `data`.
  Workbench(ToolFolder folder, std::filesystem::path served, std::filesystem::path data, Gateway& gateway);
  /// Ends a build that runs.
  ~Workbench();
  Workbench(const Workbench&) = delete;
  Workbench& operator=(const Workbench&) = delete;

 private:
  void run();
  /// False: it was stopped.
  bool wait_for_change();
  void build();

  ToolFolder folder_;  // Of the thread.
  const std::filesystem::path served_, data_;
  Gateway& gateway_;
  base::FolderEvents events_;  // Of the thread.
  const net::UniqueFd stop_;
  std::thread thread_;
};

}  // namespace toolrack::app
