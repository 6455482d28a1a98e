/// The skills that a plugin lists itself (`dynamic` of its manifest): from the question to what catalogues hold.
///
/// Skills belong to the catalogue, which is everybody's, so the plugin is asked in the host's own name: when it has
/// come up, and a moment after it has said that they have changed. What it answers, page by page, is read as if it
/// stood in the manifest. Then it waits for the source, which knows whether another tool has one of the names
/// (`settle`).
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/mutex.hpp"
#include "base/pool.hpp"
#include "base/result.hpp"
#include "registry/tool.hpp"
#include "sources/native/plugin_file.hpp"
#include "sources/native/watchdog.hpp"

namespace toolrack::sources::native {

class Module;
class Runtime;

/// Owner: its module. Threads: any.
class ListedSkills : public std::enable_shared_from_this<ListedSkills> {
 public:
  /// A burst of changes becomes one question.
  static constexpr std::chrono::milliseconds kPause{200};

  /// `runtime` and `control` outlive it.
  ListedSkills(Runtime& runtime, base::Pool& control, std::shared_ptr<const registry::Tool> manifest);

  /// `read` runs, in a control thread, when there is something to settle. Before the module is used.
  void on_read(std::function<void()> read) { read_ = std::move(read); }

  /// Asks now, or again when the question that is under way has its answer. The module is up.
  void ask(const std::shared_ptr<Module>& module);
  /// After a pause.
  void ask_soon(std::weak_ptr<Module> module);
  /// Runs `known` when the first question has its answer, whatever that is: here, or in a control thread.
  void when_known(std::function<void()> known);

  /// The tool as catalogues hold it: with what was settled last, at first with the manifest's skills alone. Null after
  /// `forget`.
  std::shared_ptr<const registry::Tool> offered() const;
  /// Says which other tool has a flat name of these skills, too; empty: none.
  using FindClash = std::function<std::string(const registry::Tool& tool)>;
  /// By the source, one at a time. True: `offered` is another one now. What clashes waits for the next time.
  bool settle(const FindClash& find_clash);

  /// The last question brought no list.
  bool has_failed() const;
  /// How many there are, and what was wrong with the last answer.
  void report(PluginFile& out) const;
  /// The module is closed.
  void forget();

 private:
  class Question;
  void read(const std::shared_ptr<Module>& module, const base::Result<std::string>& items);
  void end(const std::shared_ptr<Module>& module, base::Result<std::shared_ptr<const registry::Tool>> tool,
           const std::string& items);
  void log_problem(const registry::Tool& tool, const std::string& problem) const;

  Runtime& runtime_;
  base::Pool& control_;
  std::function<void()> read_;

  mutable base::Mutex mutex_;
  std::shared_ptr<const registry::Tool> manifest_ TR_GUARDED_BY(mutex_);  // Its own skills alone; null: forgotten.
  std::shared_ptr<const registry::Tool> offered_ TR_GUARDED_BY(mutex_);
  std::shared_ptr<const registry::Tool> unsettled_ TR_GUARDED_BY(mutex_);
  std::string items_ TR_GUARDED_BY(mutex_);  // What the newer of the two was read from.
  std::string problem_ TR_GUARDED_BY(mutex_), clash_ TR_GUARDED_BY(mutex_);
  bool is_asking_ TR_GUARDED_BY(mutex_) = false;
  bool asks_again_ TR_GUARDED_BY(mutex_) = false;
  bool is_pausing_ TR_GUARDED_BY(mutex_) = false;
  bool is_known_ TR_GUARDED_BY(mutex_) = false;
  std::vector<std::function<void()>> waiting_ TR_GUARDED_BY(mutex_);
  Watchdog pause_ TR_GUARDED_BY(mutex_);
};

}  // namespace toolrack::sources::native
