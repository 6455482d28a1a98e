/// The one header of a plugin: derive from Plugin, name your skills, end with TOOLRACK_PLUGIN(YourClass).
///
///     class Echo final : public toolrack::Plugin {
///      public:
///       explicit Echo(const toolrack::Host& host) : Plugin(host) { skill<&Echo::echo>("echo"); }
///      private:
///       toolrack::Reply echo(toolrack::Call& call) { return toolrack::Reply::borrowed(call.input()); }
///     };
///     TOOLRACK_PLUGIN(Echo)
#pragma once

#include <toolrack/call.hpp>
#include <toolrack/host.hpp>
#include <toolrack/reply.hpp>
#include <toolrack/task.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace toolrack {

namespace detail {
template <class P>
class Instance;
}  // namespace detail

/// Base of every plugin class. The constructor registers handlers and does no I/O; services are there from start() on.
/// The host may make several instances in one process. Handlers run concurrently with each other.
class Plugin {
 public:
  explicit Plugin(const Host& host) noexcept : host_(host) {}
  Plugin(const Plugin&) = delete;
  Plugin& operator=(const Plugin&) = delete;
  virtual ~Plugin() = default;

  // Control frames, one at a time. Override what you need, in the public part of your class. What throws counts as
  // refused, with what() as the reason.

  /// Before the first call. Anything but TR_OK refuses to serve; say why with explain().
  virtual tr_status start(const tr_start& in) {
    static_cast<void>(in);
    return TR_OK;
  }
  /// A new configuration while serving; when not overridden the host starts a new instance instead.
  virtual tr_status configure(std::string_view config_json) {
    static_cast<void>(config_json);
    return TR_UNIMPLEMENTED;
  }
  virtual void secret_changed(std::string_view name) { static_cast<void>(name); }
  /// No new call comes; end background work. Returns at once.
  virtual void stop() {}
  /// Hot reload carries this over; `phase` is TR_STATE_LIVE or TR_STATE_FINAL. Override both or none.
  virtual tr_status save(std::uint32_t phase, std::string& out) {
    static_cast<void>(phase), static_cast<void>(out);
    return TR_UNIMPLEMENTED;
  }
  virtual tr_status load(std::uint32_t phase, std::string_view saved) {
    static_cast<void>(phase), static_cast<void>(saved);
    return TR_UNIMPLEMENTED;
  }

 protected:
  const Host& host() const noexcept { return host_; }

  /// Registers a skill's handler, a member function in one of three shapes:
  ///   Task  f(Call call)   a coroutine: waits for the host without holding a thread
  ///   Reply f(Call& call)  a plain function: nothing to wait for, or a skill whose manifest says `mode: blocking`
  ///   Reply f(Call call)   the same
  template <auto Method>
  void skill(std::string name) {
    add(TR_SKILL, std::move(name), &Plugin::enter<Method>);
  }
  /// Registers the handler of every skill that has none of its own: of those that the plugin lists itself, whose names
  /// it may not know yet (`on<>(TR_LIST_SKILLS)`). Call::name() tells which one is called.
  template <auto Method>
  void other_skills() {
    add(TR_SKILL, std::string(), &Plugin::enter<Method>);
  }
  /// Registers one handler for all calls of a kind: TR_RESOURCE, TR_PROMPT, TR_COMPLETION, TR_LIST_SKILLS, ...
  template <auto Method>
  void on(std::uint32_t kind) {
    add(kind, std::string(), &Plugin::enter<Method>);
  }
  /// Text for people about the failure that the running control function is going to return.
  void explain(std::string_view why) const noexcept { host_.explain(why); }
  /// Background work on nobody's behalf, from start() on; it begins after the current frame. Its operations end with
  /// TR_CANCELLED when the plugin stops, and it must then return.
  void spawn(Task task) const noexcept {
    detail::Promise<Reply>& frame = task.release().promise();
    frame.adopt(host_, 0);
    host_.executor->post(host_.raw(), 0, &detail::Promise<Reply>::run_adopted, &frame);
  }
  /// A call on nobody's behalf, for spawn(): `spawn(poll(background()))`.
  Call background() const noexcept {
    static constexpr tr_invocation kNone = [] {
      tr_invocation none{};
      none.struct_size = sizeof(tr_invocation);
      none.index = UINT32_MAX;
      return none;
    }();
    return Call(host_, 0, kNone);
  }

 private:
  template <class P>
  friend class detail::Instance;

  using Enter = void (*)(Plugin& self, Call call);
  struct Handler {
    std::uint32_t kind;
    std::string name;  // Empty: every name of this kind.
    Enter run;
  };

  template <class C, class R, class... Args>
  static C class_of(R (C::*)(Args...));
  template <class C, class R, class... Args>
  static C class_of(R (C::*)(Args...) const);
  template <class C, class R, class... Args>
  static C class_of(R (C::*)(Args...) noexcept);
  template <class C, class R, class... Args>
  static C class_of(R (C::*)(Args...) const noexcept);

  template <auto Method>
  static void enter(Plugin& self, Call call) {
    using C = decltype(class_of(Method));
    using Result = decltype((static_cast<C&>(self).*Method)(call));
    static_assert(std::is_same_v<Result, Task> || std::is_same_v<Result, Reply>,
                  "a handler is `Task f(Call)`, `Reply f(Call&)` or `Reply f(Call)`");
    if constexpr (std::is_same_v<Result, Task>) {
      static_assert(
          !std::is_invocable_v<decltype(Method), C&, Call&> || std::is_invocable_v<decltype(Method), C&, Call&&>,
          "a coroutine takes its Call by value: a reference would dangle at the first co_await");
      Task task = (static_cast<C&>(self).*Method)(call);
      task.release().promise().start_root(call.host(), call.id());
    } else {
      Reply reply = (static_cast<C&>(self).*Method)(call);
      detail::complete(call.host(), call.id(), reply);
    }
  }

  void add(std::uint32_t kind, std::string name, Enter run);
  const Handler* find(const tr_invocation& in) const noexcept;
  void invoke(tr_call call, const tr_invocation& in) noexcept;

  const Host& host_;
  std::vector<Handler> handlers_;  // Constant after construction.
};

}  // namespace toolrack

#include <toolrack/instance.hpp>

/// The plugin's only exported symbol. Once per library, outside any namespace, without a semicolon.
#define TOOLRACK_PLUGIN(Class)                                  \
  extern "C" TR_EXPORT const tr_entry* toolrack_entry_v1(void); \
  extern "C" TR_EXPORT const tr_entry* toolrack_entry_v1(void) { return ::toolrack::detail::entry<Class>(); }
