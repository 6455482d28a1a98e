/// How a skill that runs asks the person or the model behind its caller. The call path implements it; sources reach it
/// through an Invocation (docs/questions.md).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/error.hpp"

namespace toolrack::registry {

/// Numbers as TR_ASK_* in abi.h.
enum class QuestionKind : std::uint8_t { kForm = 1, kUrl, kSample, kRoots };

/// What a caller can be asked, as bits. The first four as TR_CALL_ASK_FORM and its neighbours in abi.h.
enum : std::uint32_t {
  kCanAskForm = 8,
  kCanAskUrl = 16,
  kCanSample = 32,
  kCanListRoots = 64,
  kCanSampleWithTools = 128,  ///< A sampling request may offer tools to the model.
  kCanAskPlugins = kCanAskForm | kCanAskUrl | kCanSample | kCanListRoots,  ///< What a plugin is told of.
};

struct Question {
  QuestionKind kind = QuestionKind::kForm;
  std::string key;  ///< Unique in the call, the same in every run.
  std::string message;
  std::string params_json;  ///< Of a form its schema, of sampling the request; else empty.
  std::string url;
};

/// What came of a question.
struct Asked {
  enum class How : std::uint8_t {
    kAnswered,
    kDeclined,   ///< The person said no.
    kDismissed,  ///< The person closed it.
    kSuspended,  ///< The answer comes with another run: this one is to be unwound.
    kFailed,     ///< `error` says why.
  };
  How how = How::kAnswered;
  std::string body_json;  ///< The content of the form, the result of the sampling, the roots; or empty.
  std::optional<base::Error> error = {};
};

/// Of one invocation, and good until that has been completed.
class Asker {
 public:
  using Done = std::function<void(Asked)>;
  /// Any thread. `done` comes once, perhaps before this has returned, on any thread; not after the invocation was
  /// completed.
  virtual void ask(Question question, Done done) = 0;
  /// The frame waits for the answer, and the call's time stands still meanwhile. False: it is suspended.
  virtual bool waits() const noexcept = 0;

 protected:
  ~Asker() = default;
};

}  // namespace toolrack::registry
