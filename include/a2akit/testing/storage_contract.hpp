#pragma once

#include <a2akit/testing/storage_cancel_contract.hpp>
#include <a2akit/testing/storage_concurrent_contract.hpp>
#include <a2akit/testing/storage_list_contract.hpp>
#include <a2akit/testing/storage_run_contract.hpp>
#include <a2akit/testing/storage_task_contract.hpp>
#include <a2akit/testing/storage_value_contract.hpp>

// What every Storage does: StorageContract and StorageListContract. Include in one source file per
// backend and instantiate both with a ContractCase<StorageHarness>; the same harness serves
// ContextStoreContract and MaintenanceContract.
