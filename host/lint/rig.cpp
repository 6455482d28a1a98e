#include "lint/rig.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "base/json.hpp"
#include "lint/value_maker.hpp"

namespace toolrack::lint {
namespace {

using testing::Misbehaviour;

constexpr std::size_t kMostEvents = 50'000;  // Polling every second for hours is less.

std::size_t count_threads() {
  std::error_code error;
  const std::filesystem::directory_iterator tasks("/proc/self/task", error);
  return error ? 1 : static_cast<std::size_t>(std::distance(begin(tasks), end(tasks)));
}

/// The plugin is handed copies, which are kept in `handed`.
void resize(testing::HostOptions& out, Sizes sizes, std::deque<GuardedCopy>& handed) {
  out.hand_host([sizes, &handed](const tr_host& host) -> const tr_host* {
    auto* const copy = handed.emplace_back(&host, sizeof host, host_size(sizes)).as<tr_host>();
    copy->struct_size = host_size(sizes);
    if (sizes == Sizes::kFirst) copy->abi_minor = 0;
    return copy;
  });
  out.hand_invocation([sizes, &handed](const tr_invocation& in) -> const tr_invocation* {
    auto* const copy = handed.emplace_back(&in, sizeof in, invocation_size(sizes)).as<tr_invocation>();
    copy->struct_size = invocation_size(sizes);
    return copy;
  });
}

testing::HostOptions options_for(const Subject& subject, const RigOptions& options, std::deque<GuardedCopy>& handed) {
  testing::HostOptions out;
  out.seed(options.seed).manifest(subject.tool().manifest_json).config(subject.settings_json());
  for (const auto& service : options.without) out.without(service);
  if (options.sizes != Sizes::kToday) resize(out, options.sizes, handed);
  return out;
}

}  // namespace

Rig::Rig(const Subject& subject, const tr_entry* entry, const RigOptions& options)
    : subject_(subject), options_(options) {
  try {
    host_ = std::make_unique<testing::FakeHost>(entry, options_for(subject, options, handed_));
  } catch (const Misbehaviour& told) {
    take_faults(told);
    return;
  }
  host_->use_session(options.session);
  script_far_end(*host_, options.far_end, options.seed);
  take_faults();
}

Rig::~Rig() { close(); }

std::string Rig::refusal() const {
  if (!host_) return "it is for another ABI version";
  return host_->explanation().empty() ? fmt::format("status {}", host_->start_status()) : host_->explanation();
}

std::size_t Rig::begin(const registry::Skill& skill, const std::string& input,
                       std::optional<std::chrono::nanoseconds> deadline) {
  testing::CallOptions call;
  call.index(skill.index).deadline_in(deadline.value_or(skill.timeout));
  if (skill.mode == registry::Mode::kBlocking) call.blocking();
  if (skill.resumable && options_.seed % 2 == 0) call.flags(TR_CALL_JOB | TR_CALL_PARTIALS | TR_CALL_PROGRESS);
  if (!skill.backends.empty()) {
    const auto& chosen = skill.backends[options_.seed % skill.backends.size()];
    const auto* provider = subject_.tool().find_provider(chosen.provider);
    if (provider != nullptr)
      call.backend(provider->slug, provider->base_url, chosen.options_json.empty() ? "{}" : chosen.options_json);
  }
  ++calls_;
  const auto number = host_->begin(skill.name, input, call);
  take_faults();
  return number;
}

std::size_t Rig::begin(const std::string& skill, const std::string& input) {
  ++calls_;
  const auto number = host_->begin(skill, input, testing::CallOptions().deadline_in(std::chrono::seconds(30)));
  take_faults();
  return number;
}

bool Rig::step() {
  const bool is_any = host_->step();
  if (is_any) ++events_;
  take_faults();
  return is_any;
}

void Rig::cancel(std::size_t call) {
  host_->cancel(call);
  take_faults();
}

bool Rig::are_all_finished() const {
  for (std::size_t i = 0; i < calls_; ++i)
    if (!host_->is_finished(i)) return false;
  return true;
}

bool Rig::finish() {
  while (!are_all_finished()) {
    if (events_ > kMostEvents) {
      add_fault(fmt::format("the call goes on for ever: {} events, and no end", events_));
      is_endless_ = true;
      return false;
    }
    if (step() || answer_open_questions()) continue;
    if (count_threads() > 1) {
      has_own_threads_ = true;
      return false;
    }
    break;
  }
  try {
    host_->drain();
  } catch (const Misbehaviour& told) {
    take_faults(told);
  }
  return are_all_finished();
}

void Rig::close() {
  if (!host_ || is_closed_) return;
  is_closed_ = true;
  if (is_endless_) return static_cast<void>(host_.release());  // The process of the check ends soon.
  try {
    host_->close();
  } catch (const Misbehaviour& told) {
    take_faults(told);
  }
}

void Rig::answer_before(const std::vector<testing::SeenQuestion>& questions) {
  for (const auto& question : questions) answer(question);
}

bool Rig::answer_open_questions() {
  bool is_any = false;
  for (std::size_t i = 0; i < calls_; ++i) {
    for (const auto& question : host_->outcome(i).questions) {
      if (!answered_.insert(question.key).second) continue;
      answer(question);
      is_any = true;
    }
  }
  return is_any;
}

void Rig::answer(const testing::SeenQuestion& question) {
  if (options_.person == Person::kDeclines) return host_->decline(question.key);
  if (options_.person == Person::kDismisses) return host_->dismiss(question.key);
  std::string content;
  if (question.type == TR_ASK_FORM) {
    const auto schema = base::json::parse(question.params_json);
    content = schema ? ValueMaker(*schema, options_.seed).make() : "{}";
  } else if (question.type == TR_ASK_SAMPLE) {
    content = R"({"role":"assistant","content":{"type":"text","text":"Yes."},"model":"lint","stopReason":"endTurn"})";
  } else if (question.type == TR_ASK_ROOTS) {
    content = R"([{"uri":"file:///home/example","name":"example"}])";
  }
  host_->answer(question.key, content);
}

void Rig::take_faults() {
  for (auto& what : host_->take_misuse()) add_fault(std::move(what));
}

/// What it says is a heading, and a line for each.
void Rig::take_faults(const testing::Misbehaviour& told) {
  std::string_view text = told.what();
  constexpr std::string_view kNext = "\n  ";
  auto at = text.find(kNext);
  if (at == std::string_view::npos) return add_fault(std::string(text));
  while (at != std::string_view::npos) {
    text.remove_prefix(at + kNext.size());
    at = text.find(kNext);
    add_fault(std::string(text.substr(0, at)));
  }
}

void Rig::add_fault(std::string what) {
  if (std::ranges::find(faults_, what) == faults_.end()) faults_.push_back(std::move(what));
}

}  // namespace toolrack::lint
