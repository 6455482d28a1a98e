/// A host for unit tests: runs a plugin's skills in the test's own process, with scripted replies, fake time and a
/// strict eye on the contract.
///
///     extern "C" const tr_entry* toolrack_entry_v1(void);   // Compile the plugin's .cpp into the test.
///     toolrack::testing::FakeHost host(toolrack_entry_v1());
///     host.on_http("GET", "https://example.test/", FakeReply(200, "one two"));
///     const Outcome outcome = host.run("count_words", R"({"url":"https://example.test/"})");
#pragma once

#include <toolrack/testing/fake_services.hpp>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace toolrack::testing {

/// The plugin broke the contract of abi.h, or waits for nothing; what() lists how.
class Misbehaviour : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

/// A replay did something else than the recorded call; what() says what, member by member.
class Diverged : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

/// How a FakeHost is made. Built by chaining.
class HostOptions {
 public:
  /// Which of several due events comes first.
  HostOptions& seed(std::uint64_t value) {
    seed_ = value;
    return *this;
  }
  HostOptions& manifest(std::string json) {
    manifest_ = std::move(json);
    return *this;
  }
  HostOptions& config(std::string json) {
    config_ = std::move(json);
    return *this;
  }
  /// A service (TR_SERVICE_...) that this host does not offer.
  HostOptions& without(std::string service_id) {
    missing_.insert(std::move(service_id));
    return *this;
  }
  /// What save() gave before; loaded before start().
  HostOptions& state(std::string saved) {
    state_ = std::move(saved);
    return *this;
  }
  /// What the plugin is handed in place of our tr_host: a copy of another size, or elsewhere. It stays until the plugin
  /// is destroyed.
  HostOptions& hand_host(std::function<const tr_host*(const tr_host&)> copy) {
    hand_host_ = std::move(copy);
    return *this;
  }
  /// The same for each tr_invocation, until its call has completed.
  HostOptions& hand_invocation(std::function<const tr_invocation*(const tr_invocation&)> copy) {
    hand_invocation_ = std::move(copy);
    return *this;
  }

 private:
  friend class FakeHost;
  std::uint64_t seed_ = 1;
  std::string manifest_ = "{}", config_ = "{}";
  std::set<std::string> missing_;
  std::optional<std::string> state_;
  std::function<const tr_host*(const tr_host&)> hand_host_;
  std::function<const tr_invocation*(const tr_invocation&)> hand_invocation_;
};

/// One plugin instance and its host. Single-threaded. run(), drain() and close() throw Misbehaviour; the destructor
/// closes too, and aborts if the plugin misbehaved and nobody was told.
class FakeHost {
 public:
  /// Creates and starts the plugin; a refusal is told by start_status() and explanation().
  explicit FakeHost(const tr_entry* entry, const HostOptions& options = HostOptions())
      : rack_(new FakeRack(options.seed_)), host_(new tr_host{}), hand_invocation_(options.hand_invocation_) {
    rack_->missing = options.missing_;
    rack_->manifest_json = options.manifest_;
    host_->struct_size = sizeof(tr_host);
    host_->abi_major = TR_ABI_MAJOR;
    host_->abi_minor = TR_ABI_MINOR;
    host_->flags = TR_HOST_STRICT;
    host_->impl = static_cast<FakeState*>(rack_.get());
    host_->name = lend("fake-host");
    host_->version = lend("1.0");
    host_->get_service = [](const tr_host* host, const char* id) noexcept -> const void* {
      return static_cast<FakeRack*>(static_cast<FakeState*>(host->impl))->service(id);
    };
    host_->explain = [](const tr_host* host, tr_str why) noexcept {
      static_cast<FakeState*>(host->impl)->explanation = view(why).str();
    };
    if (entry->abi_major != TR_ABI_MAJOR || entry->min_host_minor > TR_ABI_MINOR) {
      throw Misbehaviour("the plugin is for another ABI version");
    }
    start_status_ = entry->create(options.hand_host_ ? options.hand_host_(*host_) : host_.get(), &plugin_);
    if (start_status_ != TR_OK) {
      plugin_ = nullptr;
      return;
    }
    rack_->is_asking_allowed = true;
    rack_->core.is_started = true;
    if (options.state_ && !load(TR_STATE_LIVE, *options.state_)) rack_->explanation = "load() refused the state";
    if (plugin_->start == nullptr) return;
    tr_start in{};
    in.struct_size = sizeof(in);
    in.generation = 1;
    in.manifest_json = lend(options.manifest_);
    in.config_json = lend(options.config_);
    in.label = lend("test");
    start_status_ = plugin_->start(plugin_->self, &in);
  }
  FakeHost(const FakeHost&) = delete;
  FakeHost& operator=(const FakeHost&) = delete;
  ~FakeHost() {
    try {
      close();
    } catch (const Misbehaviour& e) {
      std::fprintf(stderr, "FakeHost: %s\n", e.what());
      std::abort();
    }
  }

  tr_status start_status() const noexcept { return start_status_; }
  /// What the plugin last said about a refusal.
  const std::string& explanation() const noexcept { return rack_->explanation; }
  const tr_plugin& plugin() const noexcept { return *plugin_; }

  // The script.

  /// The next reply to such a request; `url` may end in `*`.
  void on_http(std::string_view method, std::string_view url, FakeReply reply) {
    rack_->http_script.add(std::string(method) + ' ' + std::string(url), std::move(reply));
  }
  /// The next reply of another tool's skill.
  void on_tool(std::string_view skill, FakeReply reply) {
    rack_->tool_script.add(std::string(skill), std::move(reply));
  }
  /// The next answer to Call::knowledge() with such a query (of nothing that JSON escapes; it may end
  /// in `*`); FakeReply(0, body) as the host gives it.
  void on_knowledge(std::string_view query, FakeReply reply) {
    rack_->knowledge_script.add(std::string(query), std::move(reply));
  }
  /// What the person, or the model, says to the question with that key.
  void answer(std::string_view key, std::string_view content) { answer(key, FakeRack::Person::kAnswers, content); }
  void decline(std::string_view key) { answer(key, FakeRack::Person::kDeclines, {}); }
  void dismiss(std::string_view key) { answer(key, FakeRack::Person::kDismisses, {}); }
  /// A session holds a call open while a person thinks. Otherwise (the default) every question ends the run, and the
  /// call runs again from its start once the answer is there, with earlier operations answered as before.
  void use_session(bool is_session = true) { rack_->is_stateless = !is_session; }

  // Calls.

  /// Runs a skill to its end. Suspended runs are followed by further ones while answers are there; a missing answer
  /// leaves the outcome at TR_SUSPENDED with the question in `questions`.
  Outcome run(std::string_view skill, std::string_view input, const CallOptions& options = CallOptions()) {
    const std::size_t call = begin(skill, input, options);
    drain();
    return outcome(call);
  }
  /// Runs the call that `toolrack call --record FILE` kept: HTTP, clock and chance answer from the file, by the rules
  /// of a replay; scripts of on_http() are left alone. Everything else is this host's own. Throws Diverged when the
  /// skill asks for something else, not for all, or comes to another status, output or error code; std::runtime_error
  /// when the file is no recording.
  Outcome replay(const std::string& file, const CallOptions& options = CallOptions()) {
    RecordedCall recorded = RecordedCall::read(file);
    return replay(recorded, recorded.skill, recorded.input, options);
  }
  /// The same with another call in place of the recorded one.
  Outcome replay(const std::string& file, std::string_view skill, std::string_view input,
                 const CallOptions& options = CallOptions()) {
    RecordedCall recorded = RecordedCall::read(file);
    return replay(recorded, skill, input, options);
  }
  /// Enters the plugin with a call and returns its number; step() and drain() carry it on.
  std::size_t begin(std::string_view skill, std::string_view input, const CallOptions& options = CallOptions()) {
    if (plugin_ == nullptr || start_status_ != TR_OK) throw Misbehaviour("the plugin did not start: " + explanation());
    calls_.emplace_back(new FakeCall(std::string(skill), std::string(input), options, rack_->core.loop.now_ns()));
    ids_.push_back(0);
    enter(calls_.size() - 1);
    return calls_.size() - 1;
  }
  /// One event of one call. False: none is left.
  bool step() {
    const bool is_any = rack_->core.loop.step();
    return run_again() || is_any;
  }
  /// All events of all calls, and of background work in between.
  void drain() {
    while (run_again() || !rack_->core.loop.is_idle()) rack_->core.loop.step();
    for (std::size_t i = 0; i < calls_.size(); ++i) {
      if (rack_->core.active.contains(ids_[i]) && !std::exchange(calls_[i]->is_given_up, true)) {
        rack_->core.blame("call " + std::to_string(i) + " never completes: it waits for nothing");
      }
    }
    check();
  }
  /// Lets fake time pass.
  void advance(std::chrono::nanoseconds time) { rack_->core.loop.advance(time.count()); }
  /// As when the caller leaves.
  void cancel(std::size_t call) {
    FakeCall& state = *calls_.at(call);
    const tr_call id = ids_[call];
    if (!rack_->core.active.contains(id) || state.is_cancelled) return;
    state.is_cancelled = true;
    if (plugin_->cancel != nullptr) {
      rack_->core.frame(id, [&] { plugin_->cancel(plugin_->self, id); });
    }
    rack_->core.cancel_ops_of(id, "the caller left");
  }
  bool is_finished(std::size_t call) const { return calls_.at(call)->is_finished; }
  const Outcome& outcome(std::size_t call) const { return calls_.at(call)->outcome; }

  // Control functions.

  /// nullopt: the plugin has no configure() and wants a new instance instead.
  std::optional<tr_status> configure(std::string_view config_json) {
    if (plugin_->configure == nullptr) return std::nullopt;
    return plugin_->configure(plugin_->self, lend(config_json));
  }
  void secret_changed(std::string_view name) {
    if (plugin_->secret_changed != nullptr) plugin_->secret_changed(plugin_->self, lend(name));
  }
  /// nullopt: no state, or refused.
  std::optional<std::string> save(std::uint32_t phase) {
    const tr_state_ext* const state = state_ext();
    tr_buffer saved{};
    if (state == nullptr || state->save(plugin_->self, phase, &saved) != TR_OK) return std::nullopt;
    return FakeCore::take(saved);
  }
  bool load(std::uint32_t phase, std::string_view saved) {
    const tr_state_ext* const state = state_ext();
    return state != nullptr && state->load(plugin_->self, phase, lend(saved)) == TR_OK;
  }

  // What was seen.

  const std::vector<SentRequest>& requests() const noexcept { return rack_->requests; }
  /// Skill and input of every nested call.
  const std::vector<std::pair<std::string, std::string>>& tool_calls() const noexcept { return rack_->tool_calls; }
  /// What stood beside the input of each of them, or empty.
  const std::vector<std::string>& tool_options() const noexcept { return rack_->tool_options; }
  const std::vector<SeenLog>& logs() const noexcept { return rack_->logs; }
  const std::vector<std::uint32_t>& changed_lists() const noexcept { return rack_->changed_lists; }
  const std::vector<std::string>& updated_resources() const noexcept { return rack_->updated_resources; }
  /// The bytes of "asset-<number>"; nullopt when there is none or it was never closed.
  std::optional<std::string> asset(std::size_t number) const {
    if (number < 1 || number > rack_->assets.size() || rack_->assets[number - 1].is_open) return std::nullopt;
    return rack_->assets[number - 1].bytes;
  }
  std::optional<std::string> kv(std::uint32_t scope, const std::string& key) const {
    const auto row = rack_->kv.find({scope, key});
    if (row == rack_->kv.end()) return std::nullopt;
    return row->second.value;
  }
  void set_kv(std::uint32_t scope, const std::string& key, std::string value) {
    rack_->kv[{scope, key}] = {std::move(value), 0};
  }
  /// Breaches so far; taking them is being told.
  std::vector<std::string> take_misuse() { return std::exchange(rack_->core.misuse, {}); }

  /// Stops and destroys the plugin: cancels what is pending, delivers what is owed. Once; the destructor's work.
  void close() {
    if (plugin_ == nullptr) return;
    FakeCore& core = rack_->core;
    if (start_status_ == TR_OK) {
      if (plugin_->stop != nullptr) plugin_->stop(plugin_->self);
      core.cancel_ops_of(0, "the host shuts down");
      for (std::size_t i = 0; i < calls_.size(); ++i) cancel(i);
      while (core.loop.step()) core.cancel_ops_of(0, "the host shuts down");
      for (const auto& [id, call] : core.active) {
        if (!call->is_given_up) core.blame("call " + std::to_string(id) + " never completed");
      }
    }
    const tr_plugin* const plugin = std::exchange(plugin_, nullptr);
    plugin->destroy(plugin->self);
    if (core.kept_buffers != 0) core.blame(std::to_string(core.kept_buffers) + " kept buffers were never released");
    check();
  }

 private:
  Outcome replay(RecordedCall& recorded, std::string_view skill, std::string_view input, const CallOptions& options) {
    FakeReplay answers(recorded, rack_->core.loop.now_ns());
    const Replaying replaying(*rack_, answers);
    Outcome outcome = run(skill, input, options);
    const std::vector<std::string> findings = answers.findings(outcome);
    if (findings.empty()) return outcome;
    std::string all = "the replay is not the recorded call:";
    for (const std::string& finding : findings) all += "\n" + finding;
    throw Diverged(all);
  }
  /// For as long as it lives, calls are answered from a recording.
  class Replaying {
   public:
    Replaying(FakeState& state, FakeReplay& answers) noexcept : state_(state) { state_.replay = &answers; }
    ~Replaying() { state_.replay = nullptr; }
    Replaying(const Replaying&) = delete;
    Replaying& operator=(const Replaying&) = delete;

   private:
    FakeState& state_;
  };

  void answer(std::string_view key, FakeRack::Person person, std::string_view content) {
    rack_->answers[std::string(key)] = FakeRack::Answer{person, std::string(content)};
  }
  const tr_state_ext* state_ext() const {
    if (plugin_->get_extension == nullptr) return nullptr;
    return static_cast<const tr_state_ext*>(plugin_->get_extension(plugin_->self, TR_EXT_STATE));
  }
  void enter(std::size_t call) {
    FakeCore& core = rack_->core;
    FakeCall& state = *calls_[call];
    const tr_call id = core.next_call++;
    ids_[call] = id;
    state.keys_awaited.clear();
    state.outcome.status = TR_UNKNOWN;
    core.active[id] = &state;
    if (state.deadline_ns() != 0) {
      core.loop.at(state.deadline_ns(), id, 0, [this, call, id] {
        if (ids_[call] == id) cancel(call);
      });
    }
    const tr_invocation* const own = state.begin_run();
    const tr_invocation* const in = hand_invocation_ ? hand_invocation_(*own) : own;
    core.frame(id, [&] { plugin_->invoke(plugin_->self, id, in); });
  }
  bool is_ready_for_another_run(std::size_t call) const {
    const FakeCall& state = *calls_[call];
    if (state.is_finished || state.outcome.status != TR_SUSPENDED) return false;
    for (const std::string& key : state.keys_awaited) {
      if (!rack_->answers.contains(key)) return false;
    }
    return !state.keys_awaited.empty();
  }
  bool run_again() {
    bool is_any = false;
    for (std::size_t i = 0; i < calls_.size(); ++i) {
      if (!is_ready_for_another_run(i)) continue;
      enter(i);
      is_any = true;
    }
    return is_any;
  }
  void check() {
    if (rack_->core.misuse.empty()) return;
    std::string all = "the plugin misbehaves:";
    for (const std::string& what : take_misuse()) all += "\n  " + what;
    throw Misbehaviour(all);
  }

  std::unique_ptr<FakeRack> rack_;
  std::unique_ptr<tr_host> host_;
  const std::function<const tr_invocation*(const tr_invocation&)> hand_invocation_;
  const tr_plugin* plugin_ = nullptr;
  tr_status start_status_ = TR_OK;
  std::vector<std::unique_ptr<FakeCall>> calls_;
  std::vector<tr_call> ids_;  // Of each call's latest run.
};

}  // namespace toolrack::testing
