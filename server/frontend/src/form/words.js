export const WORDS = {
  en: {
    notLoaded: 'The form could not be loaded. Check the connection and reload the page.',
    problems: 'There is a problem',
    sending: 'Sending… %(percent)s %',
    again: 'Sending did not work, trying again (%(attempt)s of %(attempts)s)…',
    offline: 'It was not sent: the server cannot be reached. Your answers are still here. When you are connected, press “Try again”.',
    signedOut: 'It was not sent: you are signed out. Sign in again in another tab, come back and press “Try again”.',
    tooLarge: 'It was not sent: the files are too large. Take fewer or smaller pictures and send again.',
    refused: 'It was not sent. The server answered %(status)s. Your answers are still here.',
    retry: 'Try again',
    sent: 'It was sent.',
    sentWith: 'It was received, with remarks:',
    goOn: 'Continue',
    leave: 'Your answers are not sent yet.'
  },
  fr: {
    notLoaded: 'Le formulaire n’a pas pu être chargé. Vérifiez la connexion et rechargez la page.',
    problems: 'Il y a un problème',
    sending: 'Envoi… %(percent)s %',
    again: 'L’envoi n’a pas abouti, nouvel essai (%(attempt)s sur %(attempts)s)…',
    offline: 'Rien n’a été envoyé : le serveur est injoignable. Vos réponses sont toujours là. Une fois connecté, appuyez sur « Réessayer ».',
    signedOut: 'Rien n’a été envoyé : votre session est terminée. Reconnectez-vous dans un autre onglet, revenez ici et appuyez sur « Réessayer ».',
    tooLarge: 'Rien n’a été envoyé : les fichiers sont trop volumineux. Prenez moins de photos, ou de plus petites, puis envoyez à nouveau.',
    refused: 'Rien n’a été envoyé. Réponse du serveur : %(status)s. Vos réponses sont toujours là.',
    retry: 'Réessayer',
    sent: 'C’est envoyé.',
    sentWith: 'Bien reçu, avec des remarques :',
    goOn: 'Continuer',
    leave: 'Vos réponses ne sont pas encore envoyées.'
  },
  es: {
    notLoaded: 'No se pudo cargar el formulario. Compruebe la conexión y vuelva a cargar la página.',
    problems: 'Hay un problema',
    sending: 'Enviando… %(percent)s %',
    again: 'El envío no funcionó, nuevo intento (%(attempt)s de %(attempts)s)…',
    offline: 'No se envió: no se puede llegar al servidor. Sus respuestas siguen aquí. Cuando tenga conexión, pulse «Intentar de nuevo».',
    signedOut: 'No se envió: su sesión terminó. Inicie sesión en otra pestaña, vuelva aquí y pulse «Intentar de nuevo».',
    tooLarge: 'No se envió: los archivos son demasiado grandes. Tome menos fotos o más pequeñas y envíe de nuevo.',
    refused: 'No se envió. El servidor respondió %(status)s. Sus respuestas siguen aquí.',
    retry: 'Intentar de nuevo',
    sent: 'Enviado.',
    sentWith: 'Recibido, con observaciones:',
    goOn: 'Continuar',
    leave: 'Sus respuestas aún no se han enviado.'
  }
};
