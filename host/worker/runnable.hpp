/// What a worker's threads are given to do.
#pragma once

namespace toolrack::worker {

/// Owner: the threads it waits for, beside whoever made it.
class Runnable {
 public:
  virtual ~Runnable() = default;
  virtual void run() = 0;
};

}  // namespace toolrack::worker
