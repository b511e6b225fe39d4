/// jemalloc reads this at start. Freed memory goes back to the system within a second, also from
/// threads that no longer allocate. Visible, since jemalloc looks it up in the program.
extern "C" __attribute__((visibility("default"))) const char* malloc_conf;
const char* malloc_conf = "background_thread:true,dirty_decay_ms:1000,muzzy_decay_ms:0";
