/// What stands between tr_plugin and a plugin class. Included by plugin.hpp.
#pragma once

#include <toolrack/plugin.hpp>

#include <exception>
#include <new>
#include <stdexcept>
#include <string>
#include <type_traits>

namespace toolrack {

inline void Plugin::add(std::uint32_t kind, std::string name, Enter run) {
  for (const Handler& other : handlers_) {
    if (other.kind == kind && other.name == name) {
      throw std::logic_error(name.empty() ? "two handlers for kind " + std::to_string(kind)
                                          : "two handlers for skill \"" + name + "\"");
    }
  }
  handlers_.push_back(Handler{kind, std::move(name), run});
}

/// Handlers are mostly registered in the manifest's order: then the host's index finds them with one comparison. One
/// that is registered under the name goes before one for every name.
inline const Plugin::Handler* Plugin::find(const tr_invocation& in) const noexcept {
  const std::string_view name = view(in.name);
  if (in.kind == TR_SKILL && in.index < handlers_.size()) {
    const Handler& handler = handlers_[in.index];
    if (handler.kind == TR_SKILL && handler.name == name) return &handler;
  }
  const Handler* for_all = nullptr;
  for (const Handler& handler : handlers_) {
    if (handler.kind != in.kind) continue;
    if (handler.name == name) return &handler;
    if (handler.name.empty()) for_all = &handler;
  }
  return for_all;
}

inline void Plugin::invoke(tr_call call, const tr_invocation& in) noexcept {
  Reply failed;
  try {
    const Handler* handler = find(in);
    if (handler != nullptr) return handler->run(*this, Call(host_, call, in));
    failed = Reply::error(TR_UNIMPLEMENTED, "no_handler", "The plugin has no handler for \"" + view(in.name) + "\".",
                          "Register it in the plugin's constructor or take it out of the manifest.");
  } catch (...) {
    failed = detail::reply_of(std::current_exception());
  }
  detail::complete(host_, call, failed);
}

namespace detail {

/// One instance: the host's face, the plugin object, and the C functions that lead to it.
template <class P>
class Instance {
 public:
  static tr_status create(const tr_host* host, const tr_plugin** out) noexcept {
    const Host face(host);
    return guarded(face, [&] {
      *out = &(new Instance(host))->c_plugin_;
      return tr_status{TR_OK};
    });
  }

 private:
  explicit Instance(const tr_host* host) : host_(host), plugin_(host_) {
    c_plugin_.struct_size = sizeof(c_plugin_);
    c_plugin_.self = this;
    c_plugin_.start = &Instance::start;
    c_plugin_.invoke = &Instance::invoke;
    if constexpr (!std::is_same_v<decltype(&P::configure), decltype(&Plugin::configure)>) {
      c_plugin_.configure = &Instance::configure;
    }
    c_plugin_.secret_changed = &Instance::secret_changed;
    c_plugin_.stop = &Instance::stop;
    c_plugin_.destroy = &Instance::destroy;
    c_plugin_.get_extension = &Instance::get_extension;
  }

  static Instance& from(void* self) noexcept { return *static_cast<Instance*>(self); }

  /// Runs a control function; an exception is a refusal with what() as its reason.
  template <class F>
  static tr_status guarded(const Host& host, F work) noexcept {
    try {
      return work();
    } catch (const std::exception& e) {
      host.explain(e.what());
    } catch (...) {
      host.explain("an object that is no std::exception was thrown");
    }
    return TR_INTERNAL;
  }

  static tr_status start(void* self, const tr_start* in) noexcept {
    Instance& me = from(self);
    return guarded(me.host_, [&]() -> tr_status {
      if (!me.host_.find_services()) {
        me.host_.explain("the host lacks one of toolrack.call/1, log/1, clock/1, executor/1");
        return TR_FAILED_PRECONDITION;
      }
      return me.plugin_.start(*in);
    });
  }
  static void invoke(void* self, tr_call call, const tr_invocation* in) noexcept {
    static_cast<Plugin&>(from(self).plugin_).invoke(call, *in);
  }
  static tr_status configure(void* self, tr_str config_json) noexcept {
    Instance& me = from(self);
    return guarded(me.host_, [&] { return me.plugin_.configure(view(config_json)); });
  }
  static void secret_changed(void* self, tr_str name) noexcept {
    Instance& me = from(self);
    guarded(me.host_, [&] {
      me.plugin_.secret_changed(view(name));
      return tr_status{TR_OK};
    });
  }
  static void stop(void* self) noexcept {
    Instance& me = from(self);
    guarded(me.host_, [&] {
      me.plugin_.stop();
      return tr_status{TR_OK};
    });
  }
  static void destroy(void* self) noexcept { delete &from(self); }

  static const void* get_extension(void*, const char* id) noexcept {
    if constexpr (!std::is_same_v<decltype(&P::save), decltype(&Plugin::save)>) {
      static constexpr tr_state_ext kState = {sizeof(tr_state_ext), &Instance::save, &Instance::load};
      if (std::string_view(id) == TR_EXT_STATE) return &kState;
    }
    static_cast<void>(id);
    return nullptr;
  }
  static tr_status save(void* self, std::uint32_t phase, tr_buffer* out) noexcept {
    Instance& me = from(self);
    return guarded(me.host_, [&] {
      std::string saved;
      const tr_status status = me.plugin_.save(phase, saved);
      if (status == TR_OK) *out = Bytes::lend_string(std::move(saved));
      return status;
    });
  }
  static tr_status load(void* self, std::uint32_t phase, tr_str saved) noexcept {
    Instance& me = from(self);
    return guarded(me.host_, [&] { return me.plugin_.load(phase, view(saved)); });
  }

  Host host_;
  tr_plugin c_plugin_{};
  P plugin_;
};

template <class P>
const tr_entry* entry() noexcept {
  static constexpr tr_entry kEntry = {
      sizeof(tr_entry), TR_ABI_MAJOR, TR_ABI_MINOR, 0, 0, &Instance<P>::create,
  };
  return &kEntry;
}

}  // namespace detail
}  // namespace toolrack
