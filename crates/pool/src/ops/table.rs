//! Which code runs an operation. The model tells the rest.

use super::input::Input;
use super::{
    admin, associate_software_token, change_password, complete_web_authn_registration,
    confirm_device, confirm_forgot_password, confirm_sign_up, delete_user, delete_user_attributes,
    delete_web_authn_credential, forget_device, forgot_password, get_device,
    get_tokens_from_refresh_token, get_user, get_user_attribute_verification_code,
    get_user_auth_factors, global_sign_out, initiate_auth, list_devices, list_user_sessions,
    list_web_authn_credentials, resend_confirmation_code, respond_to_auth_challenge, revoke_token,
    revoke_user_session, set_user_mfa_preference, set_user_settings, sign_up,
    start_web_authn_registration, update_auth_event_feedback, update_device_status,
    update_user_attributes, verify_software_token, verify_user_attribute,
};
use crate::core::Core;
use crate::error::{ApiError, Result};
use crate::model::{OperationModel, model};

type Run = fn(&Core, &Input<'_>, i64) -> Result<serde_json::Value>;

/// An operation of the model.
pub(super) struct Operation {
    pub(super) name: &'static str,
    pub(super) model: &'static OperationModel,
}

impl Operation {
    /// # Errors
    /// `OperationNotEnabledException`.
    pub(super) fn run(&self) -> Result<Run> {
        run(self.name).ok_or_else(|| not_offered(self.name))
    }
}

/// Finds the operation of a name.
///
/// # Errors
/// `OperationNotEnabledException` for one of Cognito's that the model leaves out,
/// `UnknownOperationException` for anything else.
pub(super) fn operation(name: &str) -> Result<Operation> {
    match model().operation(name) {
        Some((name, model)) => Ok(Operation { name, model }),
        None if model().is_other(name) => Err(not_offered(name)),
        None => Err(ApiError::new(
            "UnknownOperationException",
            "Unknown operation",
        )),
    }
}

fn not_offered(name: &str) -> ApiError {
    ApiError::new(
        "OperationNotEnabledException",
        format!("{name} is not offered by the local user pool."),
    )
}

#[expect(clippy::too_many_lines, reason = "one line an operation")]
fn run(name: &str) -> Option<Run> {
    Some(match name {
        "AdminAddUserToGroup" => admin::groups::add_user,
        "AdminConfirmSignUp" => admin::users::confirm_sign_up,
        "AdminCreateUser" => admin::create_user::run,
        "AdminDeleteSoftwareToken" => admin::factors::delete_software_token,
        "AdminDeleteUser" => admin::users::delete_user,
        "AdminDeleteUserAttributes" => admin::attributes::delete,
        "AdminDisableUser" => admin::users::disable_user,
        "AdminEnableUser" => admin::users::enable_user,
        "AdminForgetDevice" => admin::devices::forget,
        "AdminGetDevice" => admin::devices::get,
        "AdminGetUser" => admin::users::get_user,
        "AdminGetUserAuthFactors" => admin::factors::get,
        "AdminInitiateAuth" => admin::auth::initiate,
        "AdminListDevices" => admin::devices::list,
        "AdminListGroupsForUser" => admin::groups::list_for_user,
        "AdminListUserSessions" => admin::sessions::list,
        "AdminRemoveUserFromGroup" => admin::groups::remove_user,
        "AdminResetUserPassword" => admin::users::reset_user_password,
        "AdminRespondToAuthChallenge" => admin::auth::respond,
        "AdminRevokeUserSession" => admin::sessions::revoke,
        "AdminSetUserMFAPreference" => admin::factors::set_preference,
        "AdminSetUserPassword" => admin::users::set_user_password,
        "AdminSetUserSettings" => admin::factors::set_settings,
        "AdminUpdateDeviceStatus" => admin::devices::update_status,
        "AdminUpdateUserAttributes" => admin::attributes::update,
        "AdminUserGlobalSignOut" => admin::users::user_global_sign_out,
        "AssociateSoftwareToken" => associate_software_token::run,
        "ChangePassword" => change_password::run,
        "CompleteWebAuthnRegistration" => complete_web_authn_registration::run,
        "ConfirmDevice" => confirm_device::run,
        "ConfirmForgotPassword" => confirm_forgot_password::run,
        "ConfirmSignUp" => confirm_sign_up::run,
        "CreateGroup" => admin::groups::create,
        "DeleteGroup" => admin::groups::delete,
        "DeleteUser" => delete_user::run,
        "DeleteUserAttributes" => delete_user_attributes::run,
        "DeleteWebAuthnCredential" => delete_web_authn_credential::run,
        "DescribeUserPool" => admin::describe_pool::run,
        "DescribeUserPoolClient" => admin::describe_client::run,
        "ForgetDevice" => forget_device::run,
        "ForgotPassword" => forgot_password::run,
        "GetDevice" => get_device::run,
        "GetGroup" => admin::groups::get,
        "GetTokensFromRefreshToken" => get_tokens_from_refresh_token::run,
        "GetUser" => get_user::run,
        "GetUserAttributeVerificationCode" => get_user_attribute_verification_code::run,
        "GetUserAuthFactors" => get_user_auth_factors::run,
        "GetUserPoolMfaConfig" => admin::describe_pool::mfa_config,
        "GlobalSignOut" => global_sign_out::run,
        "InitiateAuth" => initiate_auth::run,
        "ListDevices" => list_devices::run,
        "ListGroups" => admin::groups::list,
        "ListUserPoolClients" => admin::describe_client::list,
        "ListUserPools" => admin::describe_pool::list_pools,
        "ListUserSessions" => list_user_sessions::run,
        "ListUsers" => admin::list_users::run,
        "ListUsersInGroup" => admin::groups::list_users,
        "ListWebAuthnCredentials" => list_web_authn_credentials::run,
        "ResendConfirmationCode" => resend_confirmation_code::run,
        "RespondToAuthChallenge" => respond_to_auth_challenge::run,
        "RevokeToken" => revoke_token::run,
        "RevokeUserSession" => revoke_user_session::run,
        "SetUserMFAPreference" => set_user_mfa_preference::run,
        "SetUserSettings" => set_user_settings::run,
        "SignUp" => sign_up::run,
        "StartWebAuthnRegistration" => start_web_authn_registration::run,
        "UpdateAuthEventFeedback" => update_auth_event_feedback::run,
        "UpdateDeviceStatus" => update_device_status::run,
        "UpdateGroup" => admin::groups::update,
        "UpdateUserAttributes" => update_user_attributes::run,
        "VerifySoftwareToken" => verify_software_token::run,
        "VerifyUserAttribute" => verify_user_attribute::run,
        _ => return None,
    })
}
