/// Unit tests of skills without a host and without a library file. Any test framework; standard library only.
#pragma once

#include <toolrack/plugin.hpp>
#include <toolrack/testing/fake_host.hpp>
