#include "sources/native/listed_skills.hpp"

#include <fmt/format.h>
#include <boost/asio/post.hpp>

#include <utility>

#include "base/ids.hpp"
#include "base/json.hpp"
#include "registry/input_validator.hpp"
#include "registry/json_text.hpp"
#include "registry/manifest.hpp"
#include "services/log/log.hpp"
#include "sources/native/module.hpp"
#include "sources/native/runtime.hpp"

namespace toolrack::sources::native {
namespace {

namespace json = base::json;
using base::ErrorCode;
using base::fail;

/// Of one list. A plugin that turns pages for ever is stopped by it before its time is over.
constexpr int kMostPages = 100;
constexpr std::size_t kMostListedBytes = 8 << 20;

}  // namespace

/// One question over all its pages. Owns itself while the plugin works; otherwise used on one loop.
class ListedSkills::Question final : public registry::Completion, public std::enable_shared_from_this<Question> {
 public:
  Question(std::shared_ptr<ListedSkills> asker, std::shared_ptr<Module> module, base::Loop& loop)
      : asker_(std::move(asker)),
        module_(std::move(module)),
        service_(*module_->leased_tool().find_service(registry::Kind::kListSkills)),
        call_id_(base::Id::make().str()) {
    const auto& runtime = asker_->runtime_;
    const auto time = std::chrono::nanoseconds(runtime.settings().list_timeout);
    invocation_.skill = &service_;
    invocation_.input_json = "{}";
    invocation_.call_id = call_id_;
    invocation_.transport = "host";
    invocation_.loop = &loop;
    invocation_.deadline_ns = runtime.environment().clock->monotonic_ns() + time.count();
  }

  void ask_for_page() {
    boost::asio::post(invocation_.loop->context(), [self = shared_from_this()] {
      self->working_ = self;
      self->invocation_.name = self->cursor_;
      self->module_->invoke(self->invocation_, *self);
    });
  }

  void complete(registry::Outcome&& outcome) noexcept override {
    const auto self = std::exchange(working_, nullptr);
    auto next = take(outcome);
    outcome.output_json.reset();  // The lease may be what keeps it in memory.
    if (next && !next->empty()) {
      cursor_ = *std::move(next);
      return ask_for_page();
    }
    auto items = next ? base::Result<std::string>(std::move(items_)) : tl::unexpected(std::move(next).error());
    // Schemas are compiled: nothing for a loop.
    const auto read = std::make_shared<base::Result<std::string>>(std::move(items));
    if (!asker_->control_.post([asker = asker_, module = module_, read] { asker->read(module, *read); }))
      asker_->read(module_, fail(ErrorCode::kUnavailable, "the gateway stops"));
  }
  void progress(double, double, std::string_view) noexcept override {}
  bool partial(registry::Part) noexcept override { return false; }

 private:
  /// Adds a page's items; the cursor of the next one, or empty.
  base::Result<std::string> take(const registry::Outcome& outcome) {
    if (outcome.error) {
      const auto& runtime = asker_->runtime_;
      if (runtime.environment().clock->monotonic_ns() < invocation_.deadline_ns) return tl::unexpected(*outcome.error);
      return fail(ErrorCode::kTimeout,
                  fmt::format("list of skills did not come within {} ms", runtime.settings().list_timeout.count()));
    }
    const auto page = json::parse(outcome.output_json.view());
    if (!page)
      return fail(ErrorCode::kInvalidOutput, fmt::format("list of skills is no JSON: {}", page.error().message()));
    if (const auto wrong = service_.output_validator->check(*page); !wrong.empty())
      return tl::unexpected(registry::to_error(wrong, "list of skills", ErrorCode::kInvalidOutput));
    const auto text = registry::compact(outcome.output_json.view());
    for (const auto item : registry::item_texts(registry::member_text(text, "items"))) {
      if (++count_ > registry::kMaxSkills)
        return fail(ErrorCode::kInvalidOutput,
                    fmt::format("list of skills has more than {} of them", registry::kMaxSkills));
      items_.append(items_.empty() ? "" : ",").append(item);
    }
    if (items_.size() > kMostListedBytes)
      return fail(ErrorCode::kInvalidOutput, fmt::format("list of skills has more than {} bytes", kMostListedBytes));
    auto next = std::string(json::find_string(*page, "next").value_or(""));
    if (++pages_ == kMostPages && !next.empty())
      return fail(ErrorCode::kInvalidOutput,
                  fmt::format("list of skills goes on after {} pages: next is {}", pages_, json::quote(next)));
    return next;
  }

  const std::shared_ptr<ListedSkills> asker_;
  const std::shared_ptr<Module> module_;
  const registry::Skill& service_;  // Of the module's tool.
  const std::string call_id_;
  registry::Invocation invocation_;
  std::string cursor_, items_;
  std::size_t count_ = 0;
  int pages_ = 0;
  std::shared_ptr<Question> working_;  // Itself, while the plugin has the question.
};

ListedSkills::ListedSkills(Runtime& runtime, base::Pool& control, std::shared_ptr<const registry::Tool> manifest)
    : runtime_(runtime), control_(control), manifest_(std::move(manifest)), offered_(manifest_) {}

void ListedSkills::ask(const std::shared_ptr<Module>& module) {
  {
    base::Lock lock(mutex_);
    if (manifest_ == nullptr) return;
    if (std::exchange(is_asking_, true)) {
      asks_again_ = true;
      return;
    }
  }
  std::make_shared<Question>(shared_from_this(), module, runtime_.environment().loops->next())->ask_for_page();
}

void ListedSkills::ask_soon(std::weak_ptr<Module> module) {
  base::Lock lock(mutex_);
  if (manifest_ == nullptr || std::exchange(is_pausing_, true)) return;
  pause_.set(runtime_.environment().loops->next(), kPause, [weak = weak_from_this(), module = std::move(module)] {
    const auto self = weak.lock();
    const auto asked = module.lock();
    if (self == nullptr || asked == nullptr) return;
    {
      base::Lock lock_again(self->mutex_);
      self->is_pausing_ = false;
    }
    self->ask(asked);
  });
}

void ListedSkills::when_known(std::function<void()> known) {
  {
    base::Lock lock(mutex_);
    if (!is_known_ && manifest_ != nullptr) return waiting_.push_back(std::move(known));
  }
  known();
}

void ListedSkills::read(const std::shared_ptr<Module>& module, const base::Result<std::string>& items) {
  std::shared_ptr<const registry::Tool> manifest;
  bool is_same = false;
  {
    base::Lock lock(mutex_);
    manifest = manifest_;
    is_same = items && *items == items_;
  }
  if (!items) return end(module, tl::unexpected(items.error()), {});
  if (is_same || manifest == nullptr) return end(module, std::shared_ptr<const registry::Tool>(), {});
  auto made = registry::with_listed_skills(*manifest, *items);
  if (!made) return end(module, tl::unexpected(std::move(made).error()), {});
  for (auto& skill : (*made)->skills)
    if (skill.is_listed) skill.handler = module;
  end(module, std::shared_ptr<const registry::Tool>(*std::move(made)), *items);
}

/// `tool` null: it is as it was.
void ListedSkills::end(const std::shared_ptr<Module>& module, base::Result<std::shared_ptr<const registry::Tool>> tool,
                       const std::string& items) {
  std::vector<std::function<void()>> waiting;
  std::shared_ptr<const registry::Tool> manifest;
  std::string new_problem;
  bool is_new = false, again = false;
  {
    base::Lock lock(mutex_);
    manifest = manifest_;
    is_asking_ = false;
    is_known_ = true;
    again = std::exchange(asks_again_, false);
    waiting.swap(waiting_);
    if (!tool) {
      const auto& error = tool.error();
      auto problem = error.message();
      if (!error.details_json().empty()) problem += " " + error.details_json();
      if (problem != problem_) new_problem = problem;
      problem_ = std::move(problem);
    } else {
      problem_.clear();
      is_new = *tool != nullptr && manifest_ != nullptr;
      if (is_new) {
        unsettled_ = *std::move(tool);
        items_ = items;
        clash_.clear();
      }
    }
  }
  if (!new_problem.empty() && manifest != nullptr && !module->is_leaving()) log_problem(*manifest, new_problem);
  if (is_new && read_) read_();
  for (const auto& known : waiting) known();
  if (again) ask_soon(module);
}

std::shared_ptr<const registry::Tool> ListedSkills::offered() const {
  base::Lock lock(mutex_);
  return offered_;
}

bool ListedSkills::settle(const FindClash& find_clash) {
  std::shared_ptr<const registry::Tool> next;
  {
    base::Lock lock(mutex_);
    next = unsettled_;
  }
  if (next == nullptr) return false;
  auto clash = find_clash(*next);
  bool is_told = false;
  {
    base::Lock lock(mutex_);
    if (unsettled_ != next) return false;  // Another one has been read meanwhile, or it is closed.
    if (clash.empty()) {
      offered_ = std::exchange(unsettled_, nullptr);
      clash_.clear();
      return true;
    }
    is_told = clash_ == clash;
    clash_ = clash;
  }
  if (!is_told) log_problem(*next, clash);
  return false;
}

void ListedSkills::log_problem(const registry::Tool& tool, const std::string& problem) const {
  services::log::write(services::log::Level::kWarning, "the skills that a plugin lists are not taken",
                       {{"tool", tool.id()}, {"reason", problem}});
}

bool ListedSkills::has_failed() const {
  base::Lock lock(mutex_);
  return !problem_.empty();
}

void ListedSkills::report(PluginFile& out) const {
  base::Lock lock(mutex_);
  if (manifest_ == nullptr) return;
  out.listed_skills = offered_->skills.size() - manifest_->skills.size();
  out.list_problem = problem_.empty() ? clash_ : problem_;
}

void ListedSkills::forget() {
  std::shared_ptr<const registry::Tool> manifest, offered, unsettled;  // They may hold the last of the module.
  std::vector<std::function<void()>> waiting;
  {
    base::Lock lock(mutex_);
    pause_.clear();
    manifest.swap(manifest_);
    offered.swap(offered_);
    unsettled.swap(unsettled_);
    waiting.swap(waiting_);
  }
  for (const auto& known : waiting) known();
}

}  // namespace toolrack::sources::native
