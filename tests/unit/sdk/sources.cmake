# Tests of the C++ face; built by the tree's compiler here and by others in other_compilers/.
set(sdk_test_sources
  abi_face_example.cpp abi_face_test.cpp call_test.cpp fake_host_test.cpp null_call_test.cpp plugin_test.cpp replay_test.cpp reply_test.cpp
  task_test.cpp)
